"""The world the résumés live in: industries, invented companies, places, schools and dates."""

from random import Random

from resumebert.data.sample.grammar import items

# For each industry: its systems, the people served, and words its company names end in.
_INDUSTRIES: dict[str, tuple[str, str, str]] = {
    "banking": (
        "payments platform; loan origination system; teller system; mobile banking app; card "
        "portal",
        "branch staff; tellers; account holders; credit officers",
        "Bank; Trust; Savings; Credit Union",
    ),
    "insurance": (
        "claims system; policy portal; underwriting workbench; quote engine; broker site",
        "claims handlers; underwriters; brokers; policyholders",
        "Mutual; Insurance; Assurance; Underwriters",
    ),
    "health care": (
        "patient portal; electronic health record; lab system; appointment system; imaging archive",
        "nurses and doctors; clinicians; patients; ward staff",
        "Health; Medical Center; Clinics; Hospital Group",
    ),
    "pharmaceuticals": (
        "trial database; batch record system; drug safety system; lab inventory",
        "research chemists; trial sites; lab staff; quality officers",
        "Pharma; Biosciences; Therapeutics",
    ),
    "retail": (
        "point-of-sale system; loyalty programme; web shop; stock system; gift card service",
        "store managers; shoppers; cashiers; buyers",
        "Stores; Outfitters; Markets; Retail Group",
    ),
    "telecommunications": (
        "billing system; activation portal; call centre platform; customer self-care app",
        "subscribers; call centre agents; field technicians; dealers",
        "Telecom; Wireless; Communications",
    ),
    "government": (
        "licensing system; tax portal; case management system; permit database; records archive",
        "case workers; citizens; county clerks; inspectors",
        "County Office; State Agency; City Services",
    ),
    "defense": (
        "logistics system; command dashboard; training simulator; parts catalogue",
        "analysts; base personnel; contract officers; planners",
        "Defense; Federal Systems; Aerospace",
    ),
    "higher education": (
        "student portal; course registration system; library catalogue; learning platform",
        "students; faculty; lecturers; registrars",
        "University; College; Institute",
    ),
    "schools": (
        "grade book; classroom devices; school web portal; attendance system",
        "teachers; pupils and parents; school staff; librarians",
        "School District; Academy; Learning",
    ),
    "manufacturing": (
        "production planning system; quality database; shop-floor terminals; ERP system",
        "line workers; plant managers; planners; machine operators",
        "Industries; Manufacturing; Works; Tooling",
    ),
    "automotive": (
        "dealer portal; parts ordering system; test bench software; warranty system",
        "dealers; test drivers; mechanics; plant staff",
        "Motors; Automotive; Components",
    ),
    "energy": (
        "metering system; outage map; SCADA reporting; trading desk system",
        "grid operators; meter readers; field crews; traders",
        "Energy; Power; Utilities; Renewables",
    ),
    "logistics": (
        "shipment tracker; route planner; warehouse system; customs portal; driver app",
        "drivers; dispatchers; warehouse teams; freight agents",
        "Freight; Logistics; Shipping; Couriers",
    ),
    "travel": (
        "booking engine; reservation system; check-in kiosk; fare search; guest portal",
        "travel agents; guests; front-desk staff; pilots and crews",
        "Travel; Hotels; Airways; Tours",
    ),
    "media": (
        "video platform; news site; ad server; editorial system; subscription service",
        "editors; readers; advertisers; journalists",
        "Media; Broadcasting; Press; Publishing",
    ),
    "advertising": (
        "campaign manager; bidding platform; customer microsites; analytics suite",
        "account teams; brand clients; media buyers; designers",
        "Creative; Advertising; Digital; Studio",
    ),
    "real estate": (
        "listing portal; tenant app; lease database; property search",
        "tenants; agents; property managers; landlords",
        "Realty; Properties; Estates",
    ),
    "food and agriculture": (
        "recipe database; harvest planning system; cold-chain monitor; order portal",
        "farmers; food inspectors; plant supervisors; growers",
        "Foods; Farms; Dairy; Bakeries",
    ),
    "gaming": (
        "matchmaking service; game lobby; player store; level editor",
        "players; level designers; community managers; studios",
        "Games; Interactive; Play",
    ),
    "non-profit": (
        "donor database; volunteer portal; grant tracker; shelter system",
        "volunteers; donors; social workers; coordinators",
        "Foundation; Relief; Alliance",
    ),
    "legal services": (
        "document archive; time billing system; e-discovery platform; client portal",
        "attorneys; paralegals; partners; court clerks",
        "Legal; Law Group; & Partners",
    ),
    "construction": (
        "bid system; site diary app; plan archive; equipment tracker",
        "site foremen; estimators; subcontractors; architects",
        "Builders; Construction; Contracting",
    ),
    "IT services": (
        "ticket system; hosting platform; client portal; billing service; monitoring platform",
        "client teams; outsourcing customers; account managers; service desk staff",
        "Systems; Technologies; Consulting; IT Services; Solutions; Infotech",
    ),
}

INDUSTRIES = tuple(_INDUSTRIES)

_STEMS = items(
    """
Brindle; Tarn; Quell; Vosk; Lumen; Hald; Ferro; Osk; Marlo; Nether; Corvin; Elder; Pell; Strand;
Willo; Gant; Kest; Rook; Sable; Thistle; Umber; Wren; Yarrow; Zell; Birch; Cobble; Dapple; Fennel;
Gorse; Hazel; Ivor; Juni; Larch; Moss; North; Oaken; Pebble; Russet; Sedge; Tamar
"""
)
_ENDS = items(
    "wick; moor; dale; stead; mere; holt; ridge; gate; vane; crest; field; brook; haven; fell; "
    "light; o"
)

CITIES = items(
    """
Austin, TX; Dallas, TX; Houston, TX; Plano, TX; Atlanta, GA; Charlotte, NC; Raleigh, NC; Richmond,
VA; Reston, VA; Washington, DC; Baltimore, MD; Columbus, OH; Cleveland, OH; Detroit, MI; Chicago,
IL; Minneapolis, MN; Saint Louis, MO; Kansas City, MO; Omaha, NE; Denver, CO; Phoenix, AZ; Tempe,
AZ; Las Vegas, NV; San Diego, CA; Sacramento, CA; San Jose, CA; Irvine, CA; Portland, OR; Seattle,
WA; Boise, ID; Salt Lake City, UT; Tampa, FL; Miami, FL; Orlando, FL; Nashville, TN; Birmingham, AL;
New Orleans, LA; Oklahoma City, OK; Boston, MA; Hartford, CT; Jersey City, NJ; Edison, NJ;
Philadelphia, PA; Pittsburgh, PA; Buffalo, NY; New York, NY; Albany, NY; Milwaukee, WI; Des Moines,
IA
"""
)
EUROPEAN_CITIES = items(
    """
Dublin, Ireland; Manchester, UK; Leeds, UK; Lisbon, Portugal; Madrid, Spain; Lyon, France; Ghent,
Belgium; Rotterdam, Netherlands; Leipzig, Germany; Graz, Austria; Turin, Italy; Gdansk, Poland;
Brno, Czechia; Aarhus, Denmark; Gothenburg, Sweden; Tampere, Finland; Athens, Greece; Bucharest,
Romania
"""
)

_SCHOOLS = items(
    """
University of {c}; {c} State University; {c} Community College; {c} Institute of Technology; {c}
College; {c} Technical College; {c} Polytechnic
"""
)
_FIELDS_IT = items(
    """
Computer Science; Information Technology; Information Systems; Computer Engineering; Software
Engineering; Electrical Engineering; Mathematics; Management Information Systems
"""
)
_FIELDS_ANY = items(
    """
Business Administration; English Literature; Biology; History; Economics; Psychology; Physics;
Music; Marketing; Political Science; Graphic Design; Liberal Arts
"""
)
_DEGREES = items(
    """
Bachelor of Science in {f}; B.S. {f}; BSc {f}; Bachelor's in {f}; Associate of Applied Science in
{f}; Associate's in {f}; Master of Science in {f}; M.S. in {f}; MSc {f}; Diploma in {f}; B.Tech in
{f}; B.A. {f}; Certificate in {f}; some college, {f}
"""
)

_MONTHS = items(
    "January; February; March; April; May; June; July; August; September; October; November; "
    "December"
)
DATE_FORMS = ("long", "short", "slash", "iso", "year", "dotted", "apostrophe")


def systems(industry: str) -> tuple[str, ...]:
    """Return the systems of an industry."""
    return items(_INDUSTRIES[industry][0])


def served(industry: str) -> tuple[str, ...]:
    """Return the people that jobs in an industry serve."""
    return items(_INDUSTRIES[industry][1])


def company(industry: str, rng: Random) -> str:
    """Invent a company."""
    stem = rng.choice(_STEMS) + rng.choice(_ENDS)
    kind = rng.choice(items(_INDUSTRIES[industry][2]))
    suffix = rng.choice(("", "", "", "", " Inc", " Inc.", " LLC", " Corp", " Ltd", " Group"))
    return f"{stem} {kind}{suffix}"


def degree(rng: Random, technical: bool) -> tuple[str, str]:
    """Return a degree and an invented school."""
    fields = _FIELDS_IT if technical and rng.random() < 0.85 else _FIELDS_ANY
    title = rng.choice(_DEGREES).format(f=rng.choice(fields))
    school = rng.choice(_SCHOOLS).format(c=rng.choice(_STEMS) + rng.choice(_ENDS))
    return title, school


def month(year: int, number: int, form: str) -> str:
    """Write a month (``number`` from 1 to 12) in one of ``DATE_FORMS``."""
    name = _MONTHS[number - 1]
    return {
        "long": f"{name} {year}",
        "short": f"{name[:3]} {year}",
        "slash": f"{number:02d}/{year}",
        "iso": f"{year}-{number:02d}",
        "year": str(year),
        "dotted": f"{number:02d}.{year}",
        "apostrophe": f"{name[:3]} '{year % 100:02d}",
    }[form]
