"""Computes sums where the data lie: warehouses that Ibis speaks to, and directories of Parquet files."""
