"""The texts that the chapters on a real model measure: written for this book.

Every text begins with a newline: SmolLM2 guesses badly after a text's first piece, whatever it is,
and so the first piece is one that nobody asks about.
"""

from itertools import product

PARAGRAPHS = (
    "The ferry left the island at noon, although the captain had been told that a storm was "
    "coming. Two hours later the wind rose, and the passengers went below. The captain stayed on "
    "deck. When the ferry finally reached the harbour, it was dark, and every passenger thanked "
    "the captain.",
    "To bake a simple bread you need flour, water, salt and yeast. Mix the flour with the salt, "
    "stir the yeast into the warm water, and pour the water over the flour. Knead the dough for "
    "ten minutes. Let the dough rest under a cloth until it has doubled in size, then bake it for "
    "forty minutes.",
    "Marta collects old clocks. She has a clock from her grandfather, a clock that she found in a "
    "cellar, and a clock that runs backwards. Her brother Paul cannot sleep in her flat, because "
    "all of the clocks strike at midnight. Marta says that she no longer hears the clocks, and "
    "that Paul should bring earplugs.",
    "A comet is a ball of ice and dust that moves around the Sun on a long path. Far from the Sun "
    "a comet is dark and cold. As it comes closer, the ice turns into gas, and the gas carries the "
    "dust away. That is how the comet gets its tail, which always points away from the Sun.",
    "The new library opened on Monday. The old library had been too small for years, and its roof "
    "leaked whenever it rained. The new building has three floors, a reading room with tall "
    "windows, and a café. On the first day more than two thousand people came, and by the evening "
    "most of the cake in the café was gone.",
    "Lina could not find her keys. She looked in her bag, under the table, and in the pockets of "
    "her coat. She called her neighbour Tom, who had a second set of keys. Tom laughed when he saw "
    "her. The keys were in the door, where Lina had left them the night before.",
    "Rivers change their beds. In a bend the water runs faster on the outside, where it takes away "
    "sand, and slower on the inside, where it drops the sand again. Over many years the bend grows "
    "wider and wider, until the river breaks through its neck and leaves a small lake behind.",
    "The committee met for the third time and again could not agree. Half of its members wanted to "
    "repair the bridge, the other half wanted to build a new bridge. The mayor pointed out that "
    "there was no money for either. In the end the committee agreed to meet for a fourth time.",
    "My grandmother kept bees. Every morning in summer she went down to the hives, listened to "
    "them for a while, and came back with a jar of honey or with nothing. She never wore gloves. "
    "The bees know me, she used to say, and if they sting me, I know that I have done something "
    "wrong.",
    "If you want to learn to juggle, start with one ball. Throw the ball from one hand to the "
    "other in an arc as high as your eyes. Then take two balls. Throw the first ball, wait until "
    "it is at the top, and throw the second ball. Only when two balls are easy should you try "
    "three balls.",
)

# Words of one piece each, so that a frame has the same places whatever is put in.
CLUES = {
    "animal": ("lawns", "tunnels", "rabbits", "soil", "gardens", "foxes", "worms", "farmers"),
    "chemistry": (
        "molecules",
        "gases",
        "chemistry",
        "atoms",
        "reactions",
        "oxygen",
        "acids",
        "chemists",
    ),
    "skin": ("skin", "wounds", "cancer", "tumors", "sunburn", "surgery", "rashes", "doctors"),
}
CLUE_BEFORE = (
    "Because she knew a lot about {clue}, she asked about the mole",
    "He was talking about {clue} when he mentioned the mole",
    "The book about {clue} has a long page on the mole",
    "First we read about {clue}, and then about the mole",
)
CLUE_AFTER = (
    "She asked about the {noun}, because she knew a lot about {clue}, and it",
    "He mentioned the {noun} when he was talking about {clue}, so it",
    "The long page on the {noun} is in the book about {clue}, where it",
    "First we read about the {noun}, and then about {clue}, because it",
)

TOPICS = {
    "wizard": ("magic", "spells", "witches", "dragons", "owls"),
    "royal": ("queens", "royalty", "palaces", "princes", "crowns"),
}
NAME_FRAMES = (
    "This story is about {topic}. Yesterday {name} met his old friend",
    "She had read a book about {topic}, in which {name} talked to",
    "We spoke about {topic} and about {name} and",
    "In the chapter on {topic}, {name} is the best friend of",
)
FRIENDS = {
    "wizard": (" Ron", " Herm", " Dumb", " Hag", " Sn"),
    "royal": (" William", " Prince", " Charles", " Kate", " Elizabeth", " Diana", " Meg"),
}

SIZES = {
    "small": ("miniature", "tiny", "toy", "little", "mini"),
    "neither": ("famous", "old", "painted", "beautiful", "wooden"),
    "big": ("giant", "huge", "enormous", "gigantic", "massive"),
}
BUILDINGS = ("Eiffel Tower", "Statue of Liberty", "White House", "Great Pyramid", "Colosseum")
SIZE_FRAMES = (
    "The {size} {building} is so",
    "Look at the {size} {building}! It is very",
    "I was surprised that the {size} {building} is quite",
    "On the photo the {size} {building} looks rather",
    "He said that the {size} {building} was really",
)
SAYS = {
    "small": (" small", " tiny", " little", " cute", " short", " miniature"),
    "big": (" large", " big", " huge", " tall", " massive", " high", " enormous", " giant"),
}

NAMES = (
    *("Martin", "Clara", "Hugo", "Alice", "Peter", "Helen"),
    *("Simon", "Rose", "Oscar", "Laura", "Henry", "Emma"),
)
PLACES = ("garden", "library", "market", "station", "museum", "church", "hospital", "castle")
THINGS = ("book", "ring", "letter", "coat", "lamp", "watch", "map", "box")

GAVE = "When {first} and {second} went to the {place}, {giver} gave the {thing} to"
KILLED = (
    "It was a dark night. {killer} killed the cook with a knife. {other} slept all night in the "
    "{place}. In the morning the police came to the house. The cook was killed by",
    "It was a dark night. {other} slept all night in the {place}. {killer} killed the cook with a "
    "knife. In the morning the police came to the house. The cook was killed by",
)
CONFESSED = (
    "It was late. {killer} confessed the murder. {other} was innocent. The inspector closed the "
    "case. The murderer was",
    "It was late. {other} was innocent. {killer} confessed the murder. The inspector closed the "
    "case. The murderer was",
)
_FOUND = ("Lord Grey was found dead in the library.", "The cook lay dead on the kitchen floor.")
_TOLD = (
    "In a locked drawer lay a letter. It said that",
    "The maid wrote in her diary that",
)
_SAID = (
    "the murderer was {killer} and that the witness was {other}",
    "the witness was {other} and that the murderer was {killer}",
)
_MEANWHILE = (
    "The rain fell all night. The police searched the house from the roof to the cellar, but they "
    "found nothing more.",
    "For three weeks nobody spoke about the case. The papers wrote about the weather and the price "
    "of bread.",
)
PLANTED = tuple(
    f"{found} {told} {said}. {meanwhile} At last the inspector called everybody into the hall and "
    "said that the murderer was"
    for found, told, said, meanwhile in product(_FOUND, _TOLD, _SAID, _MEANWHILE)
)

# Nouns and adjectives of one piece each, in two halves: heads are chosen on the first, and tried
# on the second.
NOUNS = (
    *(("key", "keys"), ("dog", "dogs"), ("book", "books"), ("car", "cars")),
    *(("friend", "friends"), ("teacher", "teachers"), ("door", "doors"), ("window", "windows")),
    *(("picture", "pictures"), ("letter", "letters"), ("doctor", "doctors"), ("boat", "boats")),
    *(("chair", "chairs"), ("garden", "gardens"), ("horse", "horses"), ("bird", "birds")),
    *(("student", "students"), ("player", "players"), ("artist", "artists"), ("clock", "clocks")),
    *(("farmer", "farmers"), ("author", "authors"), ("report", "reports"), ("road", "roads")),
    *(("machine", "machines"), ("lamp", "lamps"), ("girl", "girls"), ("nurse", "nurses")),
    *(("lawyer", "lawyers"), ("driver", "drivers"), ("soldier", "soldiers"), ("tower", "towers")),
)
ADJECTIVES = (
    *("fluffy", "blue", "old", "wet", "heavy", "tired", "soft", "young", "dark", "empty"),
    *("hungry", "rich", "loud", "tall", "warm", "red", "small", "green", "cold", "clean"),
    *("happy", "sick", "bright", "strong", "dry", "quiet", "brave", "kind", "angry", "sweet"),
)
AGREEMENT = tuple(
    f"The {{subject}} {where} the {{other}}" for where in ("near", "behind", "beside", "above")
)
