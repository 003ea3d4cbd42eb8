"""From the data of an experiment to comparisons, health, a typed decision, and the words for them."""
