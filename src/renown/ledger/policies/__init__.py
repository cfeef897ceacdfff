"""Policies that change while everything runs: tried, switched, known to every process."""
