"""Fictional people: names balanced over gender and origin, and harmless ways to reach them."""

from dataclasses import dataclass
from random import Random

from resumebert.data.sample.grammar import items

PRONOUNS = ("she/her", "he/him", "they/them")
GENDERS = ("female", "male", "neutral")

# For each broad origin: female, male and neutral first names, and last names.
_NAMES: dict[str, tuple[str, str, str, str]] = {
    "anglophone": (
        "Emily; Hannah; Claire; Megan; Abigail; Laura; Heather; Joanna",
        "Peter; Kevin; Brian; Matthew; Gareth; Stuart; Douglas; Neil",
        "Taylor; Morgan; Casey; Jordan; Riley; Avery; Quinn; Rowan",
        "Harper; Whitfield; Barlow; Pearson; Ashby; Granger; Colby; Thornton; Mercer; Lowell",
    ),
    "african american": (
        "Latoya; Keisha; Ebony; Tamika; Imani; Shanice; Monique; Aaliyah",
        "Darnell; Tyrone; Jamal; DeShawn; Terrell; Marquis; Lamar; Kareem",
        "Jaylin; Skyler; Amari; Kendall; Armani; Phoenix; Dakari; Justice",
        "Washington; Booker; Gaines; Mosley; Rivers; Broadnax; Hairston; Pettway; Dubose; Battle",
    ),
    "hispanic": (
        "Lucia; Mariana; Carmen; Gabriela; Ximena; Paola; Rocio; Beatriz",
        "Javier; Diego; Rafael; Esteban; Alejandro; Hector; Ramiro; Sergio",
        "Guadalupe; Trinidad; Cruz; Angel; Alexis; Reyes; Noel; Yael",
        "Castillo; Herrera; Quintero; Salgado; Ibarra; Montoya; Zamora; Cordero; Luna; Valdez",
    ),
    "south asian": (
        "Priya; Ananya; Kavita; Sunita; Deepika; Lakshmi; Meera; Farah",
        "Rahul; Arjun; Sanjay; Vikram; Suresh; Imran; Naveen; Rohan",
        "Kiran; Harpreet; Jaswinder; Shashi; Manjeet; Gurpreet; Sukhi; Amandeep",
        "Reddy; Iyer; Banerjee; Chowdhury; Desai; Kulkarni; Nair; Malik; Bhatt; Perera",
    ),
    "east asian": (
        "Mei; Xiuying; Yuki; Haruka; Sora; Jiwoo; Lihua; Ayumi",
        "Wei; Jun; Kenji; Takashi; Minho; Jianguo; Hiroshi; Donghyun",
        "Yu; Min; Akira; Hikaru; Jin; Xin; Makoto; Hyun",
        "Zhang; Nakamura; Kim; Huang; Tanaka; Choi; Lin; Fujimoto; Zhao; Hwang",
    ),
    "southeast asian": (
        "Linh; Siti; Maricel; Thuy; Dewi; Rosario; Nurul; Achara",
        "Tuan; Budi; Danilo; Hieu; Agus; Rizal; Somchai; Jomar",
        "Thanh; Dwi; Ariel; Anh; Tri; Jessie; Chai; Nhi",
        "Nguyen; Tran; Santos; Wijaya; Bautista; Pham; Suharto; Srisai; Villanueva; Lim",
    ),
    "arab and persian": (
        "Layla; Fatima; Yasmin; Noura; Shirin; Rania; Huda; Parisa",
        "Omar; Khalid; Yusuf; Tariq; Reza; Hassan; Karim; Farid",
        "Noor; Shams; Salam; Nehad; Jihan; Ihsan; Ruhi; Iman",
        "Haddad; Al-Masri; Khoury; Nasser; Rahimi; Farouk; Saleh; Tehrani; Mansour; Qasim",
    ),
    "african": (
        "Amara; Ngozi; Wanjiru; Abena; Zanele; Folake; Makeda; Thandiwe",
        "Chinedu; Kwame; Kofi; Tendai; Sipho; Babajide; Otieno; Emeka",
        "Ayo; Tumelo; Kagiso; Ife; Lerato; Simba; Chi; Temi",
        "Okafor; Mensah; Adeyemi; Mwangi; Dlamini; Osei; Tesfaye; Nkosi; Balogun; Kamau",
    ),
    "slavic": (
        "Olga; Natalia; Irina; Katarzyna; Milena; Svetlana; Zuzana; Oksana",
        "Piotr; Dmitri; Andrei; Marek; Bogdan; Pavel; Goran; Yuri",
        "Sasha; Zhenya; Valya; Nikita; Vanja; Slava; Misha; Saša",
        "Kowalski; Petrov; Novak; Shevchenko; Horvat; Zielinski; Dvorak; Sokolov; Popov; Bondar",
    ),
    "western european": (
        "Ingrid; Chiara; Amelie; Femke; Greta; Solveig; Elodie; Francesca",
        "Lars; Matteo; Jurgen; Pascal; Sven; Giorgio; Henrik; Bastiaan",
        "Robin; Andrea; Kim; Dominique; Camille; Nicola; Luca; Eike",
        "Lindqvist; Moretti; Dubois; Vandenberg; Schreiber; Haugen; Lefevre; Brandt; Rossi; Keller",
    ),
}

ORIGINS = tuple(_NAMES)


@dataclass(frozen=True)
class Person:
    """A fictional person."""

    name: str
    gender: str
    origin: str
    pronouns: str


def first_names(origin: str, gender: str) -> tuple[str, ...]:
    """Return the first names of an origin (of ``ORIGINS``) and a gender (of ``GENDERS``)."""
    return items(_NAMES[origin][GENDERS.index(gender)])


def last_names(origin: str) -> tuple[str, ...]:
    """Return the last names of an origin."""
    return items(_NAMES[origin][len(GENDERS)])


def people(count: int, rng: Random) -> list[Person]:
    """Return ``count`` people, balanced over genders and origins, in random order."""
    drawn: list[Person] = []
    seen: set[str] = set()
    cells = [(gender, origin) for origin in ORIGINS for gender in GENDERS]
    for number in range(count):
        gender, origin = cells[number % len(cells)]
        column = GENDERS.index(gender)
        for _ in range(20):
            first = rng.choice(items(_NAMES[origin][column]))
            name = f"{first} {rng.choice(items(_NAMES[origin][3]))}"
            if name not in seen:
                break
        seen.add(name)
        # One in ten goes by a pronoun the name does not suggest.
        pronouns = PRONOUNS[column] if rng.random() < 0.9 else rng.choice(PRONOUNS)
        drawn.append(Person(name=name, gender=gender, origin=origin, pronouns=pronouns))
    rng.shuffle(drawn)
    return drawn


def email(person: Person, rng: Random) -> str:
    """Return an address in a domain that is reserved for examples."""
    initials = "".join(part[0] for part in person.name.lower().replace("š", "s").split())
    domain = rng.choice(("example.com", "example.org", "example.net"))
    local = rng.choice(("{i}{n}", "mail.{i}{n}", "{i}.{n}", "cv{n}{i}"))
    return f"{local.format(i=initials, n=rng.randint(10, 9999))}@{domain}"


def telephone(rng: Random) -> str:
    """Return a number from the range kept free for fiction."""
    area = rng.choice((201, 212, 303, 312, 404, 415, 503, 512, 602, 617, 702, 713, 804, 919))
    last = f"01{rng.randint(0, 99):02d}"
    form = rng.choice(("({a}) 555-{l}", "{a}-555-{l}", "{a}.555.{l}", "+1 {a} 555 {l}", "555-{l}"))
    return form.format(a=area, l=last)
