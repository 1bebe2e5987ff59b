"""What a language has to write lyrics with."""

import attrs


def lines_of(text: str) -> tuple[str, ...]:
    """Return the phrases of *text*, which are separated by slashes."""
    return tuple(" ".join(phrase.split()) for phrase in text.split("/"))


def rhymes_of(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the groups of *text*, which are separated by semicolons."""
    return tuple(lines_of(group) for group in text.split(";"))


@attrs.frozen(kw_only=True)
class Book:
    """
    The phrases of a language: any opening goes with any ending.

    Args:
        bright, dark: Openings of lines, by mood.
        bright_rhymes, dark_rhymes: Endings; those of one group rhyme.
        calls: Lines to somebody or something, with ``{}`` for it.
        hooks: Likewise, for the chorus.
        titles: With ``{}`` for the subject.
        subjects: What a song without a subject is about.
        both: What two subjects make a title with.
        asking: What comes before a subject, such as "about", as a pattern.
        stop: What ends a subject, as a pattern.
        articles: Words before a noun that aren't sung, as a pattern.
        sad: Words of a sad song, as a pattern.
    """

    bright: tuple[str, ...] = attrs.field(converter=lines_of)
    dark: tuple[str, ...] = attrs.field(converter=lines_of)
    bright_rhymes: tuple[tuple[str, ...], ...] = attrs.field(converter=rhymes_of)
    dark_rhymes: tuple[tuple[str, ...], ...] = attrs.field(converter=rhymes_of)
    calls: tuple[str, ...] = attrs.field(converter=lines_of)
    hooks: tuple[str, ...] = attrs.field(converter=lines_of)
    titles: tuple[str, ...] = attrs.field(converter=lines_of)
    subjects: tuple[str, ...] = attrs.field(converter=lines_of)
    both: str
    asking: str
    stop: str
    articles: str
    sad: str
