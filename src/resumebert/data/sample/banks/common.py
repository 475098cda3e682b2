"""Words shared by all jobs: duties anyone has, and mentions of a job somebody else holds."""

from resumebert.data.sample.grammar import entries, items

GENERIC_DUTIES = entries(
    """
[attended|joined] [weekly|daily|monthly] meetings with {users}
[trained|coached] {2-30} new colleagues [in company procedures|during onboarding|]
[wrote|updated] [how-to guides|procedures|work instructions|handover notes] for {users}
[answered|handled] questions from {users} [by phone and e-mail|in two languages|]
[presented|reported] results to [management|the department head|clients] every [week|month|quarter]
[received|won] an award for [reliability|customer focus|team work] in {2006-2022}
[worked|cooperated] with colleagues in {2-9} [offices|countries|time zones]
[reduced|cut] [paperwork|costs|waiting times|repeat requests] by {5-60} %
[supported|assisted] the [audit|annual review|budget round] of the {sys}
[took|accepted] extra shifts during [year-end|peak season|the {sys} launch]
[organised|planned] the move of {10-200} workplaces
[kept|maintained] records of [hours|equipment|requests|purchases]
[improved|streamlined] the [request|approval|handover|onboarding] process for {users}
[compared|evaluated] offers from {2-9} suppliers
[helped|supported] {users} during the switch to a new {sys}
[collected|gathered] feedback from {users} and [proposed|suggested] changes
[followed|observed] [safety|quality|data protection|ISO 9001] rules
[participated|took part] in [hiring interviews|a mentoring programme|working groups|trade fairs]
[prioritised|triaged] requests from {3-15} departments
[prepared|drafted] [monthly reports|training slides|handbooks] for {users}
"""
)

TAILS = entries(
    """
in a team of {3-25}
for {2-60} [sites|locations|customers]
under tight deadlines
across {2-9} departments
together with {users}
[as part of|during] the {sys} [project|programme]
for {users}
[on time|ahead of schedule]
[saving about ${5-900}k a year|saving {2-30} hours a week]
without [unplanned|any] downtime
within the first {2-9} months
to the satisfaction of {users}
in a regulated environment
with [minimal|little] supervision
[reporting to the director|reporting to senior management]
"""
)

# Mentions that are no evidence: the job is somebody else's, or a course, or a mere acquaintance.
NEGATIVE_DUTIES: dict[str, tuple[str, ...]] = {
    "Software_Developer": entries(
        """
[worked|met] with software developers to [clarify|reproduce] reported problems
[passed|forwarded] bug reports to the software engineering team
[explained|communicated] user needs to [the developers|external software engineers]
"""
    ),
    "Web_Developer": entries(
        """
[briefed|hired] a freelance web developer for the company site
[collected|provided] texts and pictures for the web developer
[sent|reported] broken pages to the web development agency
"""
    ),
    "Systems_Administrator": entries(
        """
[asked|worked with] the systems administrators to [open ports|restart servers|add disk space]
[escalated|passed] server problems to the system administrator on duty
[coordinated|agreed] maintenance windows with the sysadmin team
"""
    ),
    "Project_manager": entries(
        """
[reported|presented] progress to the project manager [every week|]
[supported|assisted] the project manager with [estimates|test dates|meeting minutes]
[agreed|discussed] dates with the project managers of {2-5} vendors
"""
    ),
    "Network_Administrator": entries(
        """
[worked|cooperated] with the network administrators on [firewall openings|a cabling job|slow links]
[reported|escalated] connection problems to the network admin team
[requested|ordered] new network ports from the network engineers
"""
    ),
    "Front_End_Developer": entries(
        """
[handed|passed] API changes to the front-end developers
[joined|attended] demos given by the front-end team
[provided|delivered] JSON samples to the UI developers
"""
    ),
    "Database_Administrator": entries(
        """
[asked|worked with] the DBA team to [restore a copy|add an index|grant access]
[submitted|sent] schema changes to the database administrators for review
[planned|agreed] the upgrade weekend with the DBAs
"""
    ),
    "Java_Developer": entries(
        """
[described|explained] interface needs to a Java developer of the vendor
[shared|compared] test results with the Java team
[installed|updated] the Java runtime on {20-200} PCs
"""
    ),
    "Security_Analyst": entries(
        """
[answered|closed] findings raised by the security analysts
[attended|completed] the yearly security awareness training
[supplied|provided] evidence to the information security team
"""
    ),
    "Python_Developer": entries(
        """
[gained|acquired] some exposure to Python scripting
[tried|tested] a small Python script written by a colleague
[handed|passed] data files to the Python developers
"""
    ),
}

WEAK_SKILLS = {
    "Software_Developer": items("basic programming; introductory C++ (college); some VBA"),
    "Web_Developer": items("basic HTML; WordPress as an editor; a little PHP"),
    "Systems_Administrator": items("basic Linux commands; Windows administration basics"),
    "Project_manager": items("MS Project (basic); project management basics; Trello"),
    "Network_Administrator": items("basic networking; TCP/IP fundamentals; home networks"),
    "Front_End_Developer": items("a little JavaScript; basic CSS; Bootstrap (beginner)"),
    "Database_Administrator": items("basic SQL; MS Access; simple Oracle queries"),
    "Java_Developer": items("Java (university course); beginner Java"),
    "Security_Analyst": items("security awareness; basic antivirus care; password policies"),
    "Python_Developer": items("Python (basic); learning Python; Python scripting (beginner)"),
}

COURSEWORK = items(
    """
Java Programming; Introduction to Python; Computer Networks; Database Systems; Web Design; Operating
Systems; Software Engineering; Information Security; Project Management; Data Structures; Linear
Algebra; Statistics; Microeconomics; Technical Writing; Human-Computer Interaction; Computer
Architecture; Discrete Mathematics; Accounting I; Public Speaking; Machine Learning
"""
)

SOFT_SKILLS = items(
    """
communication; team work; time management; problem solving; attention to detail; MS Office; Excel;
PowerPoint; customer service; analytical thinking; self-motivated; leadership; training;
flexibility; documentation; organisation; multitasking; fluent English; Outlook; mentoring; driving
licence
"""
)

INTERESTS = items(
    """
hiking; chess; amateur radio; choir; cycling; photography; volunteering at a food bank; gardening;
board games; long-distance running; cooking; model railways; astronomy; local history; swimming;
playing the cello; woodworking; bird watching; travel; volunteer fire brigade; pottery; climbing
"""
)

LANGUAGES = items(
    """
English; Spanish; French; German; Hindi; Mandarin; Arabic; Portuguese; Polish; Vietnamese; Italian;
Yoruba; Tagalog; Korean; Turkish; Swahili; Ukrainian; Urdu
"""
)

TRAITS = items(
    """
results-oriented; dependable; hands-on; detail-oriented; self-motivated; highly skilled; versatile;
customer-focused; experienced; motivated; pragmatic; certified; dedicated; innovative; organized;
hard-working; curious; seasoned
"""
)

CLOSERS = entries(
    """
[Looking for|Seeking] a [challenging|long-term|new] [position|role|opportunity] [in {industry}|].
[Comfortable|At home] with [deadlines|shift work|change|international teams].
[Strong|Excellent|Good] [communication|analytical|interpersonal|troubleshooting] skills.
[Willing to relocate|Open to remote work|Authorized to work in the US for any employer].
[Known for|Valued for] [calm under pressure|clear writing|careful work|reliability].
[Quick|Fast] learner [who enjoys|with a taste for] [new technology|helping others|solving problems].
[Background|Several years] in {industry}.
[Team player|Self-starter] with [a positive attitude|strong work ethic|good references].
[Used to|Experienced in] working with {users}.
"""
)
