"""Words for genres, and the style that each of them is nearest to."""

import re
from collections.abc import Iterable
from typing import Final

import attrs

from aiomusic.composer.styles import STYLES, Style


@attrs.frozen(kw_only=True)
class NamedStyle:
    """A style and the word of the prompt that names it."""

    word: str
    style: Style


@attrs.frozen
class _Genre:
    """
    Genres, separated by commas, that are played in *style*.

    Args:
        tempo: Slowest and fastest; None: as in the style.
        modes: Modes to choose from; empty: as in the style.
        has_drums: Whether drums play, if the style has any.
    """

    words: str
    style: str
    tempo: tuple[int, int] | None = None
    modes: tuple[str, ...] = ()
    has_drums: bool = attrs.field(default=True, kw_only=True)

    def played(self) -> Style:
        """Return the style as this genre plays it."""
        style = STYLES[self.style]
        return attrs.evolve(
            style,
            tempo=self.tempo or style.tempo,
            modes=self.modes or style.modes,
            groove=style.groove if self.has_drums else None,
        )


_MINOR: Final = ("minor",)
_MAJOR: Final = ("major",)
# With the words of the styles themselves: the first of these in a prompt decides.
_FIRST: Final = (
    _Genre("trap", "hip hop", (130, 148)),
    _Genre("drill", "hip hop", (138, 146)),
    _Genre("disco", "house", (112, 120)),
    _Genre("funk", "r&b", (100, 112)),
    _Genre("soul", "r&b"),
    _Genre("punk", "rock", (150, 176)),
    _Genre("doom metal, sludge metal", "metal", (70, 92)),
    _Genre("grunge", "rock"),
    _Genre("blues", "rock", (84, 104)),
    _Genre("country", "folk", (100, 120)),
    _Genre("singer-songwriter", "folk"),
    _Genre("ballad", "pop", (68, 82)),
    _Genre("gufeng", "folk", (72, 88)),
    _Genre("chinese", "folk", (76, 96)),
    _Genre("chinoiserie", "synthwave", (92, 110)),
    _Genre("future bass", "house", (140, 150)),
    _Genre("edm, dj, electro", "house"),
    _Genre("trance", "techno", (132, 140)),
    _Genre("dubstep", "techno", (138, 142)),
    _Genre("electronic", "synthwave"),
    _Genre("samba", "bossa nova", (132, 150)),
    _Genre("swing", "jazz"),
    _Genre("bebop", "jazz", (170, 200)),
    _Genre("orchestral, classical, soundtrack", "cinematic"),
    _Genre("meditation, new age", "ambient"),
    _Genre("8-bit, video game", "chiptune"),
    _Genre("indie", "pop"),
    _Genre("k-pop", "pop", (116, 128)),
)
# Names of occasions, regions and rarer genres decide where none of the above does:
# "christmas jazz" is jazz. They are read with or without spaces and hyphens, as
# are the names above: "kpop", "game-boy".
_OTHER: Final = (
    _Genre("worship, praise, ccm, christian", "gospel", (68, 80), _MAJOR),
    _Genre("christmas, x-mas, noel, holiday, hanukkah", "christmas"),
    _Genre("carol, carols", "choir", (84, 100), _MAJOR),
    _Genre("desi, tollywood, hindi, punjabi, tabla, indian-pop", "bollywood"),
    _Genre("lullaby, lullabies, cradle song, music box", "lullaby"),
    _Genre("spiritual, spirituals", "gospel", (72, 88)),
    _Genre("afro-beats, afro-beat, afro-pop, afro-swing, high-life", "afrobeat"),
    _Genre("african, naija, juju, palm-wine", "afrobeat"),
    _Genre("soukous, kuduro, makossa, coupe-decale", "afrobeat", (116, 132)),
    _Genre("urbano, latin-urban", "reggaeton"),
    _Genre("drift-phonk, funk carioca", "phonk"),
    _Genre("calypso, soca, zouk, kompa", "dancehall", (110, 130), _MAJOR),
    _Genre("habanera, argentine", "tango"),
    _Genre("cuban, son-cubano, latin-jazz", "salsa"),
    _Genre("rumba, bolero, bachata, cha-cha, cha-cha-cha", "salsa", (112, 132)),
    _Genre("cumbia, merengue, vallenato", "salsa", (96, 120)),
    _Genre("waltz, waltzes, viennese, mazurka, minuet, musette", "waltz"),
    _Genre("opera, operatic, aria, operetta", "opera"),
    _Genre(
        "choir, choral, requiem, oratorio, madrigal, motet, a-cappella, a-capella, "
        "acappella, barbershop",
        "choir",
    ),
    _Genre("chant, byzantine, monks", "chant"),
    _Genre(
        "drum-n-bass, drum 'n' bass, drum & bass, d&b, drum-and-bass, d'n'b",
        "drum and bass",
    ),
    _Genre("neuro-funk, break-core", "drum and bass"),
    _Genre("djent, screamo, grindcore, thrash", "metal", (140, 170)),
    _Genre("j-pop, jpop, city-pop, anime, anisong, vocaloid", "pop", (120, 140)),
    _Genre("c-pop, mando-pop, canto-pop, v-pop, t-pop, p-pop, opm", "pop", (76, 110)),
    _Genre("euro-pop, brit-pop, power-pop, bubblegum, schlager", "pop", (116, 130)),
    _Genre("hyper-pop, pc-music", "pop", (140, 164)),
    _Genre("art-pop, dream-pop, bedroom-pop, indie-pop, chamber-pop", "pop"),
    _Genre("chanson, crooner, torch song, love song", "pop", (76, 96)),
    _Genre("ballads, power ballads, kundiman, enka", "pop", (68, 82)),
    _Genre(
        "jingle, commercial, advertisement, advertising, corporate, promotional",
        "pop",
        None,
        _MAJOR,
    ),
    _Genre("birthday, wedding, party song", "pop", (116, 126), _MAJOR),
    _Genre("musical, musicals, broadway, show-tune, show-tunes", "pop"),
    _Genre("children's, kids, kids song, nursery rhyme", "folk", None, _MAJOR),
    _Genre("world music, travel", "folk"),
    _Genre("hymn, hymns, psalm, psalms", "choir", (70, 84), _MAJOR),
    _Genre("motown, northern-soul, doo-wop", "r&b", (100, 124), _MAJOR),
    _Genre("g-funk, quiet-storm, slow-jam, slow-jams", "r&b"),
    _Genre("amapiano, afro-house, gqom, kwaito", "house", (110, 116), _MINOR),
    _Genre("grime", "hip hop", (138, 142), _MINOR),
    _Genre("crunk, hyphy, cloud-rap, g-rap, freestyle", "hip hop"),
    _Genre("turntablism, trip-hop, beatbox", "hip hop", (80, 92), _MINOR),
    _Genre("choro, mpb, pagode, sertanejo, forro, forró", "bossa nova"),
    _Genre("kizomba, morna, fado", "bossa nova", (84, 100), _MINOR),
    _Genre("flamenco", "bossa nova", (110, 140), _MINOR),
    _Genre("mariachi, ranchera, norteno, norteño, tejano, corrido", "folk", (100, 120)),
    _Genre("polka, schottische, oom-pah, oompah", "folk", (112, 126), _MAJOR),
    _Genre("sea-shanty, shanty, shanties, irish, scottish, gaelic, jig, reel", "folk"),
    _Genre("klezmer, balkan, gypsy, romani, turkish, arabic", "folk", None, _MINOR),
    _Genre("medieval, renaissance, bardic, tavern", "folk", (84, 104), ("dorian",)),
    _Genre("honky-tonk, outlaw, western, cowboy, yodel, zydeco, cajun", "folk"),
    _Genre("skiffle, ukulele, hawaiian, troubadour", "folk", None, _MAJOR),
    _Genre("baroque, fugue, sonata, concerto", "cinematic", (84, 100), has_drums=False),
    _Genre("chamber-music, string quartet, nocturne", "cinematic", has_drums=False),
    _Genre("symphony, philharmonic, documentary, neo-classical, overture", "cinematic"),
    _Genre("anthemic march, military march, marching band", "cinematic", (108, 118)),
    _Genre("horror, suspense, thriller", "cinematic", (76, 90), _MINOR),
    _Genre(
        "raga, indian, sitar, tibetan, mantra, kirtan", "ambient", None, ("dorian",)
    ),
    _Genre("dark-ambient, noise, drones", "ambient", None, _MINOR),
    _Genre("yoga, healing, zen, nature sounds, white noise, asmr", "ambient"),
    _Genre("down-tempo, chill-out, chill-wave, balearic", "lo-fi", (76, 90)),
    _Genre("low-fi, chill-hop, jazz-hop, beats to relax", "lo-fi"),
    _Genre("break-beat, breaks, big-beat", "techno", (126, 138)),
    _Genre("psy-trance, goa, hard-style, makina", "techno", (138, 150)),
    _Genre("gabber, hardcore, happy-hardcore, speedcore", "techno", (160, 180)),
    _Genre("ebm, idm, glitch, aggrotech", "techno", (110, 130)),
    _Genre("riddim, brostep, wobble bass", "techno", (138, 142)),
    _Genre("euro-dance, euro-beat, italo, hi-nrg", "house", (128, 142)),
    _Genre("big-room, slap-house, jersey-club, ghetto-tech", "house", (124, 132)),
    _Genre("uk-g, 2-step, two-step, bassline", "house", (130, 136)),
    _Genre("nu-disco, french-touch, complextro", "house", (112, 122)),
    _Genre("retro-wave, dark-wave, cold-wave, chill-synth, dream-wave", "synthwave"),
    _Genre(
        "electronica, electro-pop, synth, high-tech, dark-synth, cyberpunk", "synthwave"
    ),
    _Genre("goth, gothic, emo, post-hardcore", "rock", (120, 150), _MINOR),
    _Genre("shoegaze, slowcore, post-rock, krautrock", "rock", (92, 120)),
    _Genre("rockabilly, psychobilly, rock'n'roll", "rock", (150, 176), _MAJOR),
    _Genre("surf, j-rock, k-rock, math-rock, prog, psychedelic", "rock", (120, 150)),
    _Genre("boogie, boogie-woogie, southern, stoner", "rock", (96, 130)),
    _Genre(
        "rag-time, dixie-land, charleston, stride piano", "jazz", (150, 180), _MAJOR
    ),
    _Genre("be-bop, hard-bop, gypsy-jazz, manouche", "jazz", (170, 200)),
    _Genre("fusion, smooth-jazz, cabaret, noir, latin-jazz", "jazz"),
    _Genre("game-boy, nintendo, sega, 16-bit, midi music", "chiptune"),
)


def _styles(genres: tuple[_Genre, ...]) -> dict[str, Style]:
    return {
        word: genre.played() for genre in genres for word in genre.words.split(", ")
    }


def _alternatives(words: Iterable[str]) -> str:
    """Return a pattern of *words* that tries the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _letters(word: str) -> str:
    return re.sub(r"[\s'-]", "", word)


_FIRST_STYLES: Final = _styles(_FIRST) | {
    word: style for style in STYLES.values() for word in style.words
}
_ALL_STYLES: Final = _styles(_OTHER) | _FIRST_STYLES
GENRE_WORDS: Final = frozenset(_ALL_STYLES)
"""In small letters; what a song sounds like, and isn't about."""
_BY_LETTERS: Final = {_letters(word): style for word, style in _ALL_STYLES.items()}
_FIRST_WORD: Final = re.compile(
    f"(?<![a-z])(?:{_alternatives(_FIRST_STYLES)})(?![a-z])"
)
_ANY_WORD: Final = re.compile(
    r"(?<!\w)(?:{})(?!\w)".format(
        re.sub(r"\\[ -]", r"[\\s-]?", _alternatives(_ALL_STYLES)).replace("'", "'?")
    )
)


_ANY_NEGATED: Final = re.compile(
    r"\b(?:no|not|without|never|instead of|rather than|anything but)\s+"
    rf"(?:(?:any|a|too|so|very)\s+)?(?:{_ANY_WORD.pattern}(?:,?\s+(?:or|nor|and)\s+)?)+"
)


def read_style(text: str) -> NamedStyle | None:
    """
    Return the style that *text* names; None if it names none.

    The first name wins, and of two that start at the same place the longer:
    "r&b pop song" is r&b. Names after a "no" do not count.
    """
    words = text.lower().replace("\u2019", "'")
    words = _ANY_NEGATED.sub(" ", words)
    if found := _FIRST_WORD.search(words):
        return NamedStyle(word=found[0], style=_FIRST_STYLES[found[0]])
    if found := _ANY_WORD.search(words):
        return NamedStyle(word=found[0], style=_BY_LETTERS[_letters(found[0])])
    return None
