"""One file per revision."""

__all__: list[str] = []
