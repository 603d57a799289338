"""Certificates: what a run found, as a file that somebody else can check."""
