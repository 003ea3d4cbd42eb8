"""Experiments and policy rules as files: YAML or JSON, read with line numbers."""
