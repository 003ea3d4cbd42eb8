"""Carries the ids of jobs to threads that do them, over Dramatiq."""
