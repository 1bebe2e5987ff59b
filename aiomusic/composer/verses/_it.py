"""Italian."""

from typing import Final

from aiomusic.composer.verses._book import Book

ITALIAN: Final = Book(
    bright="""
        Ballano le luci / Volano gli uccelli / Cantano i bambini /
        Brilla la luna / Sale la marea / Corre il fiume / Suonano campane /
        Arde la notte / Batte la terra / Profuma l'estate / Gira la ruota /
        Andiamo correndo / Arrivi ridendo / Soffia la brezza /
        Crescono i fiori / Nascono stelle / Seguo i tuoi passi /
        Scende la sera / Apro la porta / Scrivo il tuo nome
    """,
    dark="""
        Cade la pioggia / Piange l'inverno / Dorme la strada /
        Si spegne il giorno / Tacciono i muri / Tremano le ombre /
        Passa il silenzio / Resta la cenere / Muore la sera /
        Perdo la tua voce / Cerco la tua ombra / Partono i treni /
        Torna il ricordo / Si rompe l'onda / Si chiude la porta /
        Manca il respiro / Gela la notte / Svanisce il tuo nome
    """,
    bright_rhymes="""
        davanti al mare / senza parlare / per sognare / fino a volare / per cantare ;
        dentro il cuore / con amore / di colore / per ore e ore / senza rumore ;
        nel vento / in un momento / sul cemento / a passo lento / senza spavento ;
        in allegria / per la via / come magia / in armonia / di poesia ;
        di mattina / sulla collina / dalla cucina / in vetrina / con te vicina
    """,
    dark_rhymes="""
        davanti al mare / senza parlare / senza tornare / per dimenticare / da
        lasciare ;
        dentro il cuore / senza amore / di dolore / per ore e ore / senza rumore ;
        nel vento / in un momento / sul cemento / a passo lento / nel tormento ;
        di nostalgia / per la via / come una bugia / senza armonia / andando via ;
        di mattina / sulla collina / nella brina / in cantina / come una spina
    """,
    calls="""
        {}, canto solo per te / {}, vieni via con me / Dimmi, {}, dove sei /
        Tutto mi ricorda {} / Questa voce è per {} / Porto sempre {} con me /
        Penso a {} ogni mattina / {}, non andare via / Sogno ancora {} /
        Niente brilla come {} / {}, guardami ancora / Torno sempre da {}
    """,
    hooks="""
        {}, {}, sei la mia canzone / Oh, {}, portami al mare / Sempre, sempre {} /
        Canto, canto per {} / {}, resta qui con me / Tutto il mondo canta {}
    """,
    titles="Canzone per {} / {}, ancora / Sempre {} / Oh, {} / Solo {}",
    subjects="il mare / l'estate / la luna / la città / il fiume / il mattino",
    both="{} e {}",
    asking=r"su|sul|sulla|sullo|sui|sulle|sugli|per|dedicat[ao] a|chiamat[ao]|a|di",
    stop=r"che|chi|dove|quando|in|nel|nella|con|per|e|senza|di|del|della|sotto|è|al",
    articles=r"una?|uno|dei|delle",
    sad=r"trist\w+|pioggia|inverno|addio|piang\w+|sol[oa]|notte|persa?|perso|dolore|"
    r"solitudine|malinc\w+|buio|spezzat[oa]",
)
