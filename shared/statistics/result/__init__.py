"""What answers look like: obstacles, cautions, methods, comparisons, reports."""
