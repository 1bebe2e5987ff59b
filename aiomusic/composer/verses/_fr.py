"""French."""

from typing import Final

from aiomusic.composer.verses._book import Book

FRENCH: Final = Book(
    bright="""
        Les fenêtres s'allument / Les enfants dansent / Je marche encore /
        La lune brille / Nos pas résonnent / Les rues s'éveillent /
        On rit ensemble / Le vent se lève / Les cloches sonnent /
        Tes mains m'appellent / Les fleurs s'entrouvrent / La mer respire /
        On court pieds nus / Le jour se lève / Ta voix m'emporte /
        Les toits scintillent / Les voiles tournent / Le monde chante /
        Nos cœurs s'envolent / On danse encore
    """,
    dark="""
        La pluie retombe / Les ombres glissent / Je dors à peine /
        L'hiver s'installe / Les feuilles tombent / La ville s'éteint /
        Nos voix se perdent / Le silence pèse / Les portes claquent /
        Ton nom s'efface / La nuit m'enferme / Les lampes meurent /
        Je cherche encore / Le temps se brise / Les trains s'en vont /
        La mer se tait / Ton ombre passe / Le froid s'avance
    """,
    bright_rhymes="""
        chaque jour / sans détour / par amour / tout autour / au petit jour ;
        chaque soir / pleins d'espoir / dans le miroir / sur le trottoir / sans savoir
        ;
        pour la vie / à la folie / en harmonie / sous l'éclaircie / par magie ;
        dans le vent / doucement / comme avant / en chantant / tout le temps ;
        au bord de l'eau / tout là-haut / comme un oiseau / sur le bateau / à nouveau
    """,
    dark_rhymes="""
        chaque jour / sans retour / sans amour / tout autour / sans détour ;
        dans le noir / chaque soir / sans espoir / sur le trottoir / sans savoir ;
        sous la pluie / dans la nuit / sans un bruit / jusqu'à minuit / comme un puits
        ;
        dans le vent / lentement / comme avant / hors du temps / tristement ;
        au bord de l'eau / sans un mot / sur le bateau / comme un sanglot / à nouveau
    """,
    calls="""
        {}, je chante pour toi / {}, viens marcher là-bas / Dis-moi, {}, où es-tu /
        Tout me rappelle {} / Cette voix est pour {} / Je garde {} dans mon cœur /
        Je pense à {} le matin / {}, ne t'en va pas / Je rêve encore de {} /
        Rien ne brille comme {} / {}, regarde-moi / Je reviens toujours vers {}
    """,
    hooks="""
        {}, {}, tu es ma chanson / Oh, {}, emmène-moi / Toujours, toujours {} /
        Je chante, chante pour {} / {}, reste avec moi / Le monde chante {}
    """,
    titles="Chanson pour {} / {}, encore / Toujours {} / Oh, {} / Rien que {}",
    subjects="la mer / l'été / la lune / la ville / la rivière / le matin",
    both="{} et {}",
    asking=r"sur|pour|à propos de|dédiée? à|appelée?|nommée?|à|de",
    stop=r"qui|que|où|quand|dans|avec|par|pour|et|sans|de|du|des|sous|au|est",
    articles=r"une?|des",
    sad=r"triste\w*|pluie|hiver|adieu|pleur\w*|seule?|nuit|perdue?|douleur|"
    r"solitude|mélanc\w+|sombre|brisée?",
)
