"""What an outlook says, for tests that compare it with sentences."""

from modelops.release.outlook import Outlook


def said(outlook: Outlook) -> list[str]:
    """Return the rows of its table as sentences, and those below it."""
    return [*map(str, outlook.rows()), *outlook.below()]
