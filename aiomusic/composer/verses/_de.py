"""German."""

from typing import Final

from aiomusic.composer.verses._book import Book

GERMAN: Final = Book(
    bright="""
        Die Lichter tanzen / Wir laufen weiter / Die Kinder singen /
        Der Sommer leuchtet / Die Glocken klingen / Wir lachen beide /
        Die Vögel fliegen / Der Morgen wartet / Die Wellen rauschen /
        Du tanzt und strahlst / Die Gärten blühen / Wir fahren lachend /
        Die Fenster glänzen / Die Segel ziehen / Dein Lachen klingt /
        Die Sterne funkeln / Wir singen leise / Der Regen tanzt /
        Die Herzen schlagen / Die Straßen summen
    """,
    dark="""
        Der Regen fällt / Die Schatten ziehen / Die Stadt schläft ein /
        Der Winter kommt / Die Blätter treiben / Ich warte noch /
        Die Züge fahren / Dein Name klingt / Die Kerzen sterben /
        Das Eis zerbricht / Die Stille wächst / Die Türen schlagen /
        Ich suche dich / Die Uhren ticken / Der Nebel steigt /
        Die Krähen rufen / Die Träume frieren / Die Wege enden
    """,
    bright_rhymes="""
        in der Nacht / mit aller Macht / ganz unbedacht / wie erwacht / voller Pracht
        ;
        in das Licht / im Gegenlicht / wie ein Gedicht / ohne Gewicht / voller
        Zuversicht ;
        vor dem Haus / tagein, tagaus / weit hinaus / geradeaus / im Applaus ;
        im Sonnenschein / ins Herz hinein / querfeldein / wie roter Wein / im
        Mondenschein ;
        durch das Land / Hand in Hand / am Straßenrand / auf dem Sand / Wand an Wand
    """,
    dark_rhymes="""
        in der Nacht / ohne Macht / ganz unbedacht / unbewacht / halb erwacht ;
        ohne Licht / vor dem Gesicht / wie ein Gedicht / mit Gewicht / Schicht um
        Schicht ;
        um das Haus / tagein, tagaus / weit hinaus / ohne Applaus / jahrein, jahraus ;
        ganz allein / auf dem Stein / tief hinein / im Mondenschein / ohne Schein ;
        durch die Zeit / weit und breit / durch die Dunkelheit / in Ewigkeit / in
        Einsamkeit
    """,
    calls="""
        {}, ich singe nur für dich / {}, komm und geh mit mir /
        Sag mir, {}, wo du bist / Alles hier erinnert an {} /
        Dieses Lied ist für {} / Ich trage {} im Herzen / Ich träume oft von {} /
        {}, bleib noch hier bei mir / Nichts auf der Welt ist wie {} /
        {}, sieh mich an / Am Morgen denk ich an {} / Ich singe laut von {}
    """,
    hooks="""
        {}, {}, du bist mein Lied / Oh, {}, nimm mich mit / Immer, immer {} /
        Ich singe, singe für {} / {}, bleib bei mir / Alle singen von {}
    """,
    titles="Lied für {} / Wieder {} / Immer {} / Oh, {} / Nur {}",
    subjects="das Meer / der Sommer / der Mond / die Stadt / der Fluss / der Morgen",
    both="{} und {}",
    asking=r"über|für|von|namens|an|zu",
    stop=r"der|die|das|wo|wenn|in|im|mit|von|für|und|ohne|am|an|unter|ist|auf",
    articles=r"eine?[nmr]?",
    sad=r"traurig\w*|regen|winter|abschied|wein\w+|allein|nacht|verloren|schmerz|"
    r"einsam\w*|melanch\w+|dunkel\w*|düster\w*|gebrochen\w*",
)
