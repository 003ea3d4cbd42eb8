"""The providers of words, each behind `domain.asking.Provider`, and the limits of what they may cost."""
