"""Run every measurement and print a line each."""

from bench import engine

engine.run()
