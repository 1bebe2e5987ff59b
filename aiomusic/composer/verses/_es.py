"""Spanish."""

from typing import Final

from aiomusic.composer.verses._book import Book

SPANISH: Final = Book(
    bright="""
        Bailan las luces / Vuelan las aves / Cantan los niños / Brilla la luna /
        Sube la marea / Corre el río / Suenan campanas / Arde la noche /
        Late la tierra / Huele a verano / Gira la rueda / Vamos corriendo /
        Vienes sonriendo / Sopla la brisa / Crecen las flores / Nacen estrellas /
        Sigo tu huella / Llega la tarde / Abro la puerta / Pinto tu nombre
    """,
    dark="""
        Cae la lluvia / Llora el invierno / Duerme la calle / Se apaga el día /
        Callan las piedras / Tiemblan las sombras / Pasa el silencio /
        Quedan cenizas / Muere la tarde / Pierdo tu rastro / Busco tu sombra /
        Se van los trenes / Lloran los sauces / Suena el olvido / Rompe la ola /
        Vuelve el recuerdo / Cierran las puertas / Queda tu silla
    """,
    bright_rhymes="""
        junto al mar / al cantar / sin parar / al despertar / para soñar ;
        en mi corazón / en mi canción / con ilusión / en la estación / sin razón ;
        cada día / con alegría / de fantasía / en la bahía / todavía ;
        sin temor / de color / con amor / al calor / en flor ;
        de repente / suavemente / entre la gente / contra corriente / lentamente
    """,
    dark_rhymes="""
        junto al mar / sin hablar / sin llegar / al recordar / para olvidar ;
        en mi corazón / sin perdón / en la estación / sin canción / sin razón ;
        sin salida / de mi vida / en la despedida / por la herida / sin medida ;
        sin dolor / sin amor / sin calor / alrededor / como un temblor ;
        de repente / lentamente / sin la gente / tristemente / contra corriente
    """,
    calls="""
        {}, canto para ti / {}, ven a caminar / Dime, {}, dónde estás /
        Todo me recuerda a {} / Esta voz es para {} / Llevo siempre a {} en mí /
        Pienso en {} al despertar / {}, no te vayas más / Sueño a solas con {} /
        Nada brilla como {} / {}, mírame otra vez / Vuelvo siempre junto a {}
    """,
    hooks="""
        {}, {}, eres mi canción / Oh, {}, llévame al mar / Siempre, siempre {} /
        Canto, canto para {} / {}, quédate aquí / Todo el mundo canta a {}
    """,
    titles="Canción para {} / {}, otra vez / Siempre {} / Oh, {} / Solo {}",
    subjects="el mar / el verano / la luna / la ciudad / el río / la mañana",
    both="{} y {}",
    asking=r"sobre|acerca de|para|dedicad[ao] a|llamad[ao]|a|de|por",
    stop=r"que|quien|donde|cuando|en|con|por|para|y|sin|de|del|al?|bajo|es|está",
    articles=r"una?|unos|unas",
    sad=r"triste\w*|lluvia|invierno|adiós|llor\w+|sol[ao]|noche|perdid[ao]|dolor|"
    r"soledad|melanc\w+|oscur[ao]|desamor|rot[ao]",
)
