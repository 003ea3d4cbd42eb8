"""How a sentence refers to a value or a name."""


def slot(alias: str, style: str = "") -> str:
    """Returns the slot of an evidence id, or of the alias of a metric, arm or subject."""
    return f"{{{{{alias}|{style}}}}}" if style else f"{{{{{alias}}}}}"
