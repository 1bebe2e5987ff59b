"""Portuguese."""

from typing import Final

from aiomusic.composer.verses._book import Book

PORTUGUESE: Final = Book(
    bright="""
        Dançam as luzes / Voam as aves / Cantam as crianças / Brilha a lua /
        Sobe a maré / Corre o rio / Tocam os sinos / Arde a noite /
        Pulsa a terra / Cheira a verão / Gira a roda / Vamos correndo /
        Vens sorrindo / Sopra a brisa / Crescem as flores / Nascem estrelas /
        Sigo os teus passos / Chega a tarde / Abro a janela / Pinto o teu nome
    """,
    dark="""
        Cai a chuva / Chora o inverno / Dorme a rua / Apaga-se o dia /
        Calam-se as pedras / Tremem as sombras / Passa o silêncio /
        Restam as cinzas / Morre a tarde / Perco o teu rastro /
        Procuro a tua sombra / Partem os trens / Soa o esquecimento /
        Quebra a onda / Volta a lembrança / Fecham-se as portas /
        Fica a cadeira / Esfria o café
    """,
    bright_rhymes="""
        junto ao mar / sem parar / ao luar / a sonhar / pelo ar ;
        no coração / na canção / pelo chão / de verão / de emoção ;
        com amor / sem temor / de calor / em flor / de cor ;
        na cidade / de verdade / em liberdade / sem idade / à vontade ;
        todo dia / com alegria / em melodia / na maresia / de poesia
    """,
    dark_rhymes="""
        junto ao mar / devagar / sem falar / sem chegar / a chorar ;
        no coração / na escuridão / pelo chão / na solidão / sem canção ;
        sem amor / sem calor / com temor / de dor / ao redor ;
        na cidade / de saudade / sem verdade / na metade / sem vontade ;
        de repente / lentamente / sem a gente / novamente / contra a corrente
    """,
    calls="""
        {}, eu canto pra você / {}, vem caminhar / Diz, {}, onde está /
        Tudo me lembra {} / Esta voz é para {} / Levo sempre {} em mim /
        Penso em {} ao despertar / {}, não me deixe mais / Sonho tanto com {} /
        Nada brilha como {} / {}, olha pra mim / Volto sempre para {}
    """,
    hooks="""
        {}, {}, é minha canção / Oh, {}, me leva ao mar / Sempre, sempre {} /
        Canto, canto para {} / {}, fica aqui / Todo mundo canta {}
    """,
    titles="Canção para {} / {}, outra vez / Sempre {} / Oh, {} / Só {}",
    subjects="o mar / o verão / a lua / a cidade / o rio / a manhã",
    both="{} e {}",
    asking=r"sobre|para|pra|dedicad[ao] a|chamad[ao]|a|de|por",
    stop=r"que|quem|onde|quando|em|no|na|com|por|para|e|sem|de|do|da|ao|sob|é",
    articles=r"uma?|uns|umas",
    sad=r"triste\w*|chuva|inverno|adeus|chor\w+|sozinh[ao]|noite|perdid[ao]|dor|"
    r"solidão|melanc\w+|escur[ao]|saudades?|partid[ao]",
)
