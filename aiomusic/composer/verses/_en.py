"""English: every line has seven syllables, and begins and ends stressed."""

from typing import Final

from aiomusic.composer.verses._book import Book

ENGLISH: Final = Book(
    bright="""
        Every window / Paper lanterns / Children dancing / We are singing /
        Summer colours / Open windows / Golden rivers / We are running /
        Little sparrows / Dancing shadows / Morning coffee / Painted houses /
        Quiet thunder / Kites are soaring / Bells are ringing / You are shining /
        Hearts are beating / Yellow flowers / We go sailing / Silver engines /
        Laughing neighbours / Sunday drummers / Swallows turning / Engines humming
    """,
    dark="""
        Empty houses / Winter shadows / Broken mirrors / Rain is falling /
        Letters burning / Trains are leaving / Streetlights humming /
        Candles melting / Frozen rivers / Faded pictures / I am waiting /
        You are sleeping / Leaves are drifting / Clocks are ticking /
        Ghosts are walking / Silence growing / Whispers rising / Ashes floating /
        Nothing moving / Wounded swallows / Dust is dancing / Footsteps fading /
        Curtains closing / Rust is creeping
    """,
    bright_rhymes="""
        burning bright / through the night / out of sight / in the light / taking
        flight / holding tight / left and right ;
        every day / far away / on the way / by the bay / here to stay / on display /
        come what may ;
        on the breeze / through the trees / over seas / with the bees / like the keys
        ;
        in a song / all along / safe and strong / all day long / right or wrong ;
        all around / making sound / lost and found / off the ground / underground
    """,
    dark_rhymes="""
        at the door / on the floor / by the shore / evermore / as before ;
        made of stone / all alone / on the phone / overgrown / blood and bone ;
        in the air / in your hair / on the stair / like a prayer / here and there ;
        in the cold / growing old / left untold / hard to hold / turned to gold ;
        in the snow / soft and low / row by row / letting go / long ago / down below
    """,
    calls="""
        Every road will lead to {} / Half my heart belongs to {} /
        Keep a little light for {} / All I ever need is {} /
        Nothing here is quite like {} / Every road leads to {} /
        Leave the lights on for {} / All my songs are for {} /
        Write it all down for {} / Home again with {} / Write a song for {} /
        Sing a song for {} / Carry me to {} / Sing about {} / Nothing but {} /
        Sing with {} / Dream of {} / Here's to {} / Oh, {}
    """,
    hooks="""
        Take me to the heart of {} / Oh, I sing this song for {} /
        Nothing shines as bright as {} / Take me home to {} /
        Sing it out for {} / Nothing shines like {} now / Take me back to {} /
        Take me to {} / Only {} / Oh, {}
    """,
    titles="Song for {} / {} Again / All for {} / {} and I / Oh, {} / Only {}",
    subjects="the river / the summer / the morning / the city / the ocean /"
    " the garden / the mountain",
    both="{} and {}",
    asking=r"about|for|called|named|dedicated to|an ode to|ode to|to|of",
    stop=r"who|that|which|where|when|while|on|in|at|by|with|of|from|for|and|is|are",
    articles=r"an?|some|the",
    sad=r"sad|dark|lonely|alone|lost|rain|winter|cold|goodbye|broken|cry|night|miss|"
    r"tears|melanchol\w*|sorrow|grief|heartbreak|blue|autumn|empty|over|left",
)
