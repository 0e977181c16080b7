"""From the models' class numbers to labels as Rekognition words them, with parents, aliases and categories.

Parents, aliases and categories are given where they are plain; elsewhere they are left empty rather than invented.
Category names: Amazon Rekognition, "Detecting objects and concepts", label categories.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ANIMALS: Final = "Animals and Pets"
CLOTHES: Final = "Apparel and Accessories"
BUILDINGS: Final = "Buildings and Architecture"
FOOD: Final = "Food and Beverage"
FURNITURE: Final = "Furniture and Furnishings"
INDOORS: Final = "Home and Indoors"
APPLIANCES: Final = "Home Appliances"
KITCHEN: Final = "Kitchen and Dining"
NATURE: Final = "Nature and Outdoors"
PERSON: Final = "Person Description"
PLANTS: Final = "Plants and Flowers"
SPORTS: Final = "Sports"
TECHNOLOGY: Final = "Technology and Computing"
TOOLS: Final = "Tools and Machinery"
TOYS: Final = "Toys and Gaming"
TRANSPORT: Final = "Transport and Logistics"
VEHICLES: Final = "Vehicles and Automotive"
DOCUMENTS: Final = "Text and Documents"
PERFORMING: Final = "Performing Arts"
WEAPONS: Final = "Weapons and Military"


@dataclass(frozen=True)
class Meaning:
    """A label's name, its ancestors (nearest first), and its category, empty where unknown."""

    name: str
    parents: tuple[str, ...] = ()
    category: str = ""


@dataclass(frozen=True)
class Kind:
    """Classes of ImageNet that are one thing to people: all dogs, all churches and palaces."""

    meaning: Meaning
    classes: frozenset[int]


ALIASES: Final = MappingProxyType(
    {"Person": "Human", "Car": "Automobile", "Airplane": "Aircraft", "Mobile Phone": "Cell Phone", "TV": "Television"}
)

_VEHICLE: Final = ("Vehicle", "Transportation")
_WILD: Final = ("Mammal", "Wildlife", "Animal")
_HERD: Final = ("Mammal", "Animal")
_PET: Final = ("Pet", "Mammal", "Animal")


# Runs of COCO's 91 numbers, in their order; the eleven without pictures are there to keep the count.
_COCO_RUNS: Final[tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...]] = (
    (("Person",), (), PERSON),
    (("Bicycle", "Car", "Motorcycle", "Airplane", "Bus", "Train", "Truck", "Boat"), _VEHICLE, VEHICLES),
    (("Traffic Light", "Fire Hydrant", "Street Sign", "Stop Sign", "Parking Meter"), (), TRANSPORT),
    (("Bench",), ("Furniture",), FURNITURE),
    (("Bird",), ("Animal",), ANIMALS),
    (("Cat",), _PET, ANIMALS),
    (("Dog",), ("Canine", *_PET), ANIMALS),
    (("Horse", "Sheep", "Cow"), _HERD, ANIMALS),
    (("Elephant", "Bear", "Zebra", "Giraffe"), _WILD, ANIMALS),
    (("Hat", "Backpack", "Umbrella", "Shoe", "Glasses", "Handbag", "Tie", "Suitcase"), (), CLOTHES),
    (("Frisbee", "Skis", "Snowboard", "Ball", "Kite", "Baseball Bat", "Baseball Glove"), (), SPORTS),
    (("Skateboard", "Surfboard", "Tennis Racket"), (), SPORTS),
    (("Bottle", "Plate", "Wine Glass", "Cup", "Fork", "Knife", "Spoon", "Bowl"), (), KITCHEN),
    (("Banana", "Apple"), ("Fruit", "Food"), FOOD),
    (("Sandwich",), ("Food",), FOOD),
    (("Orange",), ("Fruit", "Food"), FOOD),
    (("Broccoli", "Carrot"), ("Vegetable", "Food"), FOOD),
    (("Hot Dog", "Pizza", "Donut", "Cake"), ("Food",), FOOD),
    (("Chair", "Couch"), ("Furniture",), FURNITURE),
    (("Potted Plant",), ("Plant",), PLANTS),
    (("Bed",), ("Furniture",), FURNITURE),
    (("Mirror",), (), INDOORS),
    (("Dining Table",), ("Table", "Furniture"), FURNITURE),
    (("Window",), (), INDOORS),
    (("Desk",), ("Table", "Furniture"), FURNITURE),
    (("Toilet", "Door"), (), INDOORS),
    (("TV", "Laptop", "Computer Mouse", "Remote Control"), ("Electronics",), TECHNOLOGY),
    (("Computer Keyboard", "Mobile Phone"), ("Electronics",), TECHNOLOGY),
    (("Microwave", "Oven", "Toaster"), ("Appliance",), APPLIANCES),
    (("Sink",), (), INDOORS),
    (("Refrigerator", "Blender"), ("Appliance",), APPLIANCES),
    (("Book",), (), DOCUMENTS),
    (("Clock", "Vase"), (), INDOORS),
    (("Scissors",), (), TOOLS),
    (("Teddy Bear",), ("Toy",), TOYS),
    (("Hair Dryer",), ("Appliance",), APPLIANCES),
    (("Toothbrush", "Hair Brush"), (), INDOORS),
)
COCO: Final = tuple(Meaning(name, parents, category) for names, parents, category in _COCO_RUNS for name in names)


def _classes(*spans: tuple[int, int] | int) -> frozenset[int]:
    pairs = ((span, span) if isinstance(span, int) else span for span in spans)
    return frozenset(number for first, last in pairs for number in range(first, last + 1))


# Numbers are ImageNet's, in the order of the model's own list of names.
KINDS: Final = (
    Kind(Meaning("Shark", ("Fish", "Sea Life", "Animal"), ANIMALS), _classes((2, 4))),
    Kind(Meaning("Fish", ("Animal",), ANIMALS), _classes((0, 6), (389, 397))),
    Kind(Meaning("Bird", ("Animal",), ANIMALS), _classes((7, 24), (80, 100), (127, 146))),
    Kind(Meaning("Amphibian", ("Wildlife", "Animal"), ANIMALS), _classes((25, 32))),
    Kind(Meaning("Frog", ("Amphibian", "Wildlife", "Animal"), ANIMALS), _classes((30, 32))),
    Kind(Meaning("Turtle", ("Reptile", "Animal"), ANIMALS), _classes((33, 37))),
    Kind(Meaning("Lizard", ("Reptile", "Animal"), ANIMALS), _classes((38, 48))),
    Kind(Meaning("Crocodile", ("Reptile", "Animal"), ANIMALS), _classes(49, 50)),
    Kind(Meaning("Snake", ("Reptile", "Animal"), ANIMALS), _classes((52, 68))),
    Kind(Meaning("Spider", ("Invertebrate", "Animal"), ANIMALS), _classes((72, 77))),
    Kind(Meaning("Crab", ("Seafood", "Sea Life", "Animal"), ANIMALS), _classes((118, 121), 125)),
    Kind(Meaning("Dog", ("Canine", *_PET), ANIMALS), _classes((151, 268))),
    Kind(Meaning("Wolf", _WILD, ANIMALS), _classes((269, 271))),
    Kind(Meaning("Fox", _WILD, ANIMALS), _classes((277, 280))),
    Kind(Meaning("Cat", _PET, ANIMALS), _classes((281, 285))),
    Kind(Meaning("Wild Cat", _WILD, ANIMALS), _classes((286, 293))),
    Kind(Meaning("Bear", _WILD, ANIMALS), _classes((294, 297))),
    Kind(Meaning("Insect", ("Invertebrate", "Animal"), ANIMALS), _classes((300, 326))),
    Kind(Meaning("Butterfly", ("Insect", "Invertebrate", "Animal"), ANIMALS), _classes((321, 326))),
    Kind(Meaning("Rabbit", _HERD, ANIMALS), _classes((330, 332))),
    Kind(Meaning("Pig", _HERD, ANIMALS), _classes((341, 343))),
    Kind(Meaning("Horse", _HERD, ANIMALS), _classes(339)),
    Kind(Meaning("Sheep", _HERD, ANIMALS), _classes(348, 349)),
    Kind(Meaning("Cow", _HERD, ANIMALS), _classes(345)),
    Kind(Meaning("Zebra", _WILD, ANIMALS), _classes(340)),
    Kind(Meaning("Antelope", _WILD, ANIMALS), _classes((351, 353))),
    Kind(Meaning("Monkey", _WILD, ANIMALS), _classes((370, 382))),
    Kind(Meaning("Ape", _WILD, ANIMALS), _classes((365, 369))),
    Kind(Meaning("Elephant", _WILD, ANIMALS), _classes(101, 385, 386)),
    Kind(Meaning("Car", _VEHICLE, VEHICLES), _classes(407, 436, 468, 511, 609, 627, 656, 661, 751, 817)),
    Kind(Meaning("Truck", _VEHICLE, VEHICLES), _classes(555, 569, 675, 717, 864, 867)),
    Kind(Meaning("Bus", _VEHICLE, VEHICLES), _classes(654, 779, 874)),
    Kind(Meaning("Train", _VEHICLE, VEHICLES), _classes(466, 547, 705, 820, 829)),
    Kind(Meaning("Motorcycle", _VEHICLE, VEHICLES), _classes(665, 670)),
    Kind(Meaning("Bicycle", _VEHICLE, VEHICLES), _classes(444, 671)),
    Kind(Meaning("Airplane", _VEHICLE, VEHICLES), _classes(404, 895, 908)),
    Kind(Meaning("Rocket", (), VEHICLES), _classes(657, 744, 812)),
    Kind(Meaning("Boat", _VEHICLE, VEHICLES), _classes(472, 484, 554, 576, 625, 780, 814, 871, 914)),
    Kind(Meaning("Ship", _VEHICLE, VEHICLES), _classes(403, 510, 628, 833)),
    Kind(
        Meaning("Building", ("Architecture",), BUILDINGS),
        _classes(425, 442, 449, 483, 497, 498, 500, 538, 580, 624, 660, 663, 668, 682, 698, 727, 832, 873, 900),
    ),
    Kind(Meaning("Church", ("Building", "Architecture"), BUILDINGS), _classes(442, 497)),
    Kind(Meaning("Bridge", (), BUILDINGS), _classes(821, 839, 888)),
    Kind(
        Meaning("Musical Instrument", (), PERFORMING),
        _classes(
            401,
            402,
            420,
            432,
            486,
            513,
            541,
            546,
            558,
            566,
            579,
            593,
            594,
            641,
            642,
            683,
            684,
            687,
            699,
            776,
            822,
            875,
            881,
            889,
        ),
    ),
    Kind(Meaning("Gun", ("Weapon",), WEAPONS), _classes(413, 763, 764)),
    Kind(Meaning("Clock", (), INDOORS), _classes(409, 530, 892)),
    Kind(Meaning("Cup", (), KITCHEN), _classes(504, 967, 968)),
    Kind(Meaning("Coffee", ("Beverage",), FOOD), _classes(967)),
    Kind(Meaning("Bottle", (), KITCHEN), _classes(440, 720, 737, 898, 899, 901, 907)),
    Kind(Meaning("Fruit", ("Food",), FOOD), _classes((948, 957))),
    Kind(Meaning("Apple", ("Fruit", "Food"), FOOD), _classes(948)),
    Kind(Meaning("Vegetable", ("Food",), FOOD), _classes((936, 946))),
    Kind(Meaning("Bread", ("Food",), FOOD), _classes((930, 932))),
    Kind(Meaning("Food", (), FOOD), _classes((924, 957), (959, 965))),
    Kind(Meaning("Mushroom", ("Fungus", "Plant"), PLANTS), _classes(947, (991, 997))),
    Kind(Meaning("Flower", ("Plant",), PLANTS), _classes((984, 986))),
    Kind(Meaning("Mountain", (), NATURE), _classes(970, 980)),
    Kind(Meaning("Beach", (), NATURE), _classes(977, 978)),
    Kind(Meaning("Water", (), NATURE), _classes((973, 978))),
    Kind(Meaning("Computer", ("Electronics",), TECHNOLOGY), _classes(527, 590, 620, 681)),
    Kind(Meaning("Computer Keyboard", ("Electronics",), TECHNOLOGY), _classes(508, 810, 878)),
    Kind(Meaning("Mobile Phone", ("Electronics",), TECHNOLOGY), _classes(487)),
    Kind(Meaning("TV", ("Electronics",), TECHNOLOGY), _classes(664, 782, 851)),
    Kind(Meaning("Umbrella", (), CLOTHES), _classes(879)),
    Kind(Meaning("Tie", (), CLOTHES), _classes(451, 457, 834, 906)),
    Kind(Meaning("Dining Table", ("Table", "Furniture"), FURNITURE), _classes(532, 762)),
    Kind(Meaning("Vase", (), INDOORS), _classes(883)),
    Kind(Meaning("Street Sign", (), TRANSPORT), _classes(919)),
    Kind(Meaning("Traffic Light", (), TRANSPORT), _classes(920)),
)

# What ImageNet calls by a name that few would understand, or that two of its classes share.
_RENAMED: Final = MappingProxyType(
    {
        7: "Rooster", 21: "Kite Bird", 97: "Duck", 101: "Elephant", 134: "Crane Bird", 242: "Boxer Dog",
        260: "Chow Chow", 296: "Polar Bear", 321: "Red Admiral", 322: "Ringlet Butterfly",
        323: "Monarch Butterfly", 339: "Horse", 341: "Pig", 348: "Sheep", 387: "Red Panda", 388: "Panda",
        404: "Airplane", 412: "Trash Can", 436: "Station Wagon", 442: "Bell Tower", 458: "Memorial Plaque",
        468: "Taxi", 487: "Mobile Phone", 503: "Cocktail Shaker", 508: "Computer Keyboard",
        517: "Construction Crane", 553: "Filing Cabinet", 555: "Fire Truck", 589: "Hair Dryer", 592: "Hard Disk",
        608: "Jeans", 628: "Ocean Liner", 638: "Swimsuit", 639: "Swimsuit", 661: "Vintage Car",
        664: "Computer Monitor", 673: "Computer Mouse", 677: "Metal Nail", 714: "Plectrum",
        726: "Carpenter's Plane", 737: "Soda Bottle", 751: "Race Car", 769: "Ruler", 776: "Saxophone",
        780: "Schooner", 800: "Slot Machine", 834: "Suit", 836: "Sunglasses", 851: "TV", 850: "Teddy Bear",
        870: "Tricycle", 881: "Piano", 882: "Vacuum Cleaner", 892: "Clock", 895: "Military Airplane",
        897: "Washing Machine", 916: "Website", 934: "Hot Dog", 970: "Mountain", 975: "Lake", 976: "Headland",
        978: "Beach", 981: "Baseball Player", 982: "Bridegroom", 984: "Rapeseed Flower", 989: "Rose Hip",
        998: "Ear of Corn", 999: "Toilet Paper",
    }
)  # fmt: skip
_SMALL: Final = frozenset({"and", "of", "the", "in", "des"})


def imagenet(names: list[str]) -> list[Meaning]:
    """The meaning of each class, by number, from the model's own names."""
    return [_meaning(number, name) for number, name in enumerate(names)]


def _meaning(number: int, name: str) -> Meaning:
    readable = _RENAMED.get(number) or _readable(name)
    around = sorted((kind for kind in KINDS if number in kind.classes), key=lambda kind: len(kind.classes))
    if not around:
        return Meaning(readable)
    nearest = around[0].meaning
    above = (nearest.name, *nearest.parents) if nearest.name != readable else nearest.parents
    return Meaning(readable, above, nearest.category)


def _readable(name: str) -> str:
    words = name.split(" ")
    return " ".join(
        word if word in _SMALL and place else word[:1].upper() + word[1:] for place, word in enumerate(words)
    )
