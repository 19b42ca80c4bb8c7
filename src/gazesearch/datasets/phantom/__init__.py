"""Phantom data: scanpaths of simulated observers, whose truth is known."""

from gazesearch.datasets.phantom.demo import DemoFiles, write_demo
from gazesearch.datasets.phantom.observers import PHANTOM_FRAMES, simulate

__all__ = ["PHANTOM_FRAMES", "DemoFiles", "simulate", "write_demo"]
