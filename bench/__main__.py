"""Run every measurement, or those that are named, and print a line for each thing found."""

import sys

from bench import api, engine, export, feed, hub, imports

MEASUREMENTS = {
    "engine": engine.run,
    "api": api.run,
    "hub": hub.run,
    "feed": feed.run,
    "imports": imports.run,
    "export": export.run,
}

for name in sys.argv[1:] or MEASUREMENTS:
    MEASUREMENTS[name]()
