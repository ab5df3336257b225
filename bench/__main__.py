"""Run every measurement and print a line each."""

from bench import api, engine

engine.run()
api.run()
