"""Words of jobs outside the ten labels: neighbours in IT, and jobs far from it."""

from resumebert.data.sample.banks.role import Role, make_role


def _other(titles: str, skills: str, focus: str, duties: str) -> Role:
    names = titles.split(";")
    return make_role(
        "",
        exact=";".join(names[:2]),
        titles=";".join(names[2:]),
        vague="",
        skills=skills,
        focus=focus,
        duties=duties,
    )


IT_NEIGHBOURS: tuple[Role, ...] = (
    _other(
        "QA Tester; QA Analyst; Software Tester; Test Engineer; Quality Assurance Analyst; Test "
        "Lead",
        "Selenium; TestRail; HP ALM; test plans; regression testing; Postman; JMeter; defect "
        "tracking",
        "manual and automated testing; test planning and defect tracking; software quality",
        """
wrote and ran {50-900} test cases for the {sys}
logged defects in [Jira|HP ALM|Bugzilla], retesting fixes with the developers
[planned|led] regression tests before {3-30} releases
automated smoke tests in [Selenium|Cucumber|UFT]
wrote Selenium checks in [Java|Python] with help of the developers
checked web pages in {3-9} browsers and on phones
tested [web forms|mobile apps|APIs|reports] against requirements and acceptance criteria
prepared test data and [traceability matrices|test summaries] for the {sys}
""",
    ),
    _other(
        "Data Analyst; Business Intelligence Analyst; Reporting Analyst; Data Quality Analyst",
        "Tableau; Power BI; advanced Excel; SQL queries; Looker; data cleaning; statistics; SAS",
        "reporting and data analysis; dashboards and KPIs; data quality",
        """
built {5-60} dashboards in [Tableau|Power BI|Excel] for {users}
queried sales and cost data with SQL and explained trends to managers
cleaned [survey|sales|stock] data for the {sys}
forecast [demand|churn|revenue] for {3-40} regions
pulled data with [Python|SQL|R] scripts written by the data team
loaded [sales|claims|stock] files into a reporting database
prepared monthly KPI packs, cutting manual work by {10-70} %
checked data quality of the {sys}, raising issues with data owners
""",
    ),
    _other(
        "Business Analyst; IT Business Analyst; Functional Analyst; Product Analyst; Process "
        "Analyst",
        "requirements workshops; BPMN; use cases; gap analysis; Visio; user acceptance testing",
        "business analysis and requirements; process improvement; user acceptance testing",
        """
gathered requirements for the {sys} in workshops with {users}
modelled as-is and to-be processes in [Visio|BPMN|ARIS]
wrote use cases, [user stories|functional specifications] and acceptance criteria
supported user acceptance tests of the {sys} with {10-90} testers
tracked open points and risks with the project manager
wrote SQL queries to check data of the {sys}
analyzed gaps between [the package|the old process] and business needs
trained {20-300} users on the new process
""",
    ),
    _other(
        """Help Desk Technician; Desktop Support Technician; IT Support Specialist; Service Desk "
        "Agent;
Computer Technician; Help Desk Analyst""",
        "Windows 10; ticketing; remote desktop; printers; hardware repair; password resets; MS "
        "Office",
        "desktop support; customer service in IT; hardware repair",
        """
answered {20-90} calls a day from {users}, solving most on first contact
reset passwords and set up [laptops|printers|phones] for new staff
repaired [PCs|laptops|printers] and replaced [hard disks|memory|screens]
recorded tickets in [ServiceNow|Zendesk|Remedy] and passed hard ones to second level
guided users through [Outlook|Office|VPN client] questions by phone
installed desktop software on {50-900} PCs
unlocked Active Directory accounts and [mapped drives|checked network cables]
removed viruses and explained phishing to {users}
""",
    ),
    _other(
        "Technical Writer; Documentation Specialist; Technical Editor; Content Writer",
        "MadCap Flare; DITA; FrameMaker; editing; style guides; Markdown; release notes",
        "technical documentation; user guides and online help; editing",
        """
wrote user guides and online help for the {sys}
edited {20-300} pages of release notes a year
interviewed developers, turning their notes into plain English
maintained a style guide and a glossary for {2-9} teams
published manuals in [DITA|MadCap Flare|Markdown]
documented REST APIs and HTML help pages with the developers
""",
    ),
    _other(
        "UX Designer; Product Designer; UX Researcher; Interaction Designer; Visual Designer",
        "Figma; Sketch; user interviews; wireframing; prototyping; usability tests; journey maps",
        "user research and product design; wireframes and prototypes; usability",
        """
interviewed {10-90} customers and drew journey maps for the {sys}
sketched wireframes and tested prototypes with {5-40} people
handed HTML and CSS snippets to the front-end team
designed icons, colour palettes and screens in [Figma|Sketch|Adobe XD]
ran usability tests and presented findings to product owners
maintained a pattern library used by {2-9} teams
""",
    ),
    _other(
        "DevOps Engineer; Site Reliability Engineer; Release Engineer; Build Engineer; Cloud "
        "Engineer",
        "Terraform; Jenkins; Kubernetes; Docker; Helm; AWS; GitLab CI; Prometheus; Grafana; "
        "Ansible",
        "continuous delivery; infrastructure as code; cloud platforms and reliability",
        """
built CI/CD pipelines in [Jenkins|GitLab CI|Azure DevOps] for {5-60} services
provisioned cloud infrastructure with [Terraform|CloudFormation]
ran Kubernetes clusters with {10-200} nodes on [EKS|AKS|GKE]
introduced [Prometheus and Grafana|canary releases|blue-green deployments] for the {sys}
cut release time from {2-9} days to {10-90} minutes
wrote Helm charts and Dockerfiles for {5-60} services
scripted deployments in Bash and Python
patched Linux build agents and watched alerts at night
""",
    ),
    _other(
        "Data Scientist; Machine Learning Scientist; Statistician; Research Scientist",
        "R; statistics; machine learning; regression; clustering; A/B testing; Jupyter; Spark ML",
        "statistical modelling; machine learning research; experiments",
        """
modelled [churn|fraud|demand] for the {sys} in R, lifting accuracy by {3-30} %
designed A/B tests with {10-900} thousand visitors
published {1-6} internal papers on [forecasting|recommendations|text mining]
clustered customers into {4-12} segments for marketing
presented model results to {users}
explored data in Jupyter with Python and pandas
""",
    ),
)

NON_IT: tuple[Role, ...] = (
    _other(
        "Registered Nurse; Staff Nurse; Charge Nurse; Practice Nurse; RN",
        "patient care; medication administration; triage; wound care; BLS; electronic charting",
        "acute and community nursing; patient care; ward leadership",
        """
cared for {4-12} patients a shift on a [surgical|medical|paediatric] ward
administered medication and recorded vital signs
triaged walk-in patients in a busy emergency room
taught {2-9} student nurses wound care and hygiene
planned discharges with doctors, families and social workers
""",
    ),
    _other(
        "Teacher; Secondary School Teacher; Math Teacher; Science Teacher; Substitute Teacher",
        "lesson planning; classroom management; assessment; special needs; parent meetings",
        "secondary education; mathematics and science teaching; curriculum",
        """
taught [mathematics|science|English|history] to classes of {18-34} pupils
planned lessons and marked {50-300} papers a term
coached the school [chess|debating|football] team
met parents to discuss progress and behaviour
introduced project work in year {5-12}
""",
    ),
    _other(
        "Sales Representative; Account Executive; Sales Associate; Account Manager; Retail Sales "
        "Lead",
        "cold calling; CRM; negotiation; account growth; product demos; forecasting; retail",
        "business-to-business sales; retail sales; customer relationships",
        """
sold {sys} subscriptions to {20-200} customers, reaching {90-160} % of target
visited {5-25} customers a week and negotiated yearly contracts
kept customer records up to date in the CRM
opened {10-90} new accounts in the region
served shoppers, handled cash and restocked shelves
""",
    ),
    _other(
        "Accountant; Staff Accountant; Bookkeeper; Accounts Payable Clerk; Senior Accountant",
        "QuickBooks; general ledger; bank reconciliation; VAT returns; month-end close; Excel",
        "general ledger and month-end close; accounts payable; tax and audit support",
        """
reconciled {5-60} bank accounts and closed the month in {3-9} days
processed {100-3000} supplier invoices a month
prepared VAT and payroll returns for {10-90} clients
supported external auditors with schedules and vouchers
checked expense claims against policy
""",
    ),
    _other(
        "Warehouse Associate; Forklift Operator; Warehouse Supervisor; Logistics Clerk; "
        "Picker/Packer",
        "forklift; inventory; RF scanner; shipping and receiving; loading; safety; stock counts",
        "warehousing and shipping; inventory; forklift work",
        """
picked and packed {100-900} orders a shift with an RF scanner
loaded and checked {5-30} trucks a day
operated a forklift for {2-9} years without an accident
counted stock each quarter and corrected differences
trained {3-20} seasonal workers in safe lifting
""",
    ),
    _other(
        """Customer Service Representative; Call Center Agent; Office Assistant; Receptionist;
Administrative Assistant""",
        "phone manners; data entry; scheduling; Microsoft Word; filing; complaint handling",
        "customer service; office administration; scheduling and filing",
        """
answered {30-120} calls a day about [orders|bills|bookings]
greeted visitors and sorted the mail
handled complaints, keeping satisfaction above {85-98} %
arranged travel and meetings for {2-12} managers
entered {100-900} forms a week without errors
""",
    ),
    _other(
        "Marketing Specialist; Marketing Coordinator; Social Media Manager; Copywriter",
        "campaigns; copywriting; Mailchimp; social media; events; market research; branding",
        "marketing campaigns; social media; brand communication",
        """
planned {4-40} campaigns a year for [new products|events|the brand]
wrote posts and newsletters for {2-90} thousand readers
organised trade fairs with {20-200} visitors a day
tracked campaign results and adjusted the budget
briefed photographers and agencies
""",
    ),
    _other(
        "Mechanical Engineer; Electrician; Maintenance Technician; Machine Operator; Civil "
        "Engineer",
        "AutoCAD; SolidWorks; preventive maintenance; PLC basics; blueprints; quality control; "
        "welding",
        "machine design and maintenance; electrical installation; plant safety",
        """
designed [brackets|gear boxes|pump housings] in SolidWorks
repaired conveyor belts and motors in a plant with {50-900} workers
wired {5-60} flats to code and tested circuits
operated CNC lathes, holding tolerances of {1-9} hundredths
inspected parts and recorded defects
""",
    ),
    _other(
        "Chef; Line Cook; Restaurant Manager; Barista; Server",
        "food safety; menu planning; cash handling; team work; stock ordering; guest service",
        "kitchens and restaurants; guest service; food safety",
        """
cooked {80-400} meals an evening in a team of {3-12}
planned menus and ordered stock for {2-4} kitchens
trained new staff in hygiene and guest service
served guests and balanced the till every night
cut food waste by {10-40} %
""",
    ),
    _other(
        "Human Resources Generalist; Recruiter; HR Assistant; Talent Acquisition Specialist",
        "interviewing; onboarding; payroll; labour law; HRIS; employee relations",
        "recruiting and onboarding; employee relations; payroll",
        """
recruited {10-120} people a year for [sales|production|the back office]
prepared contracts and onboarded new hires
advised line managers on labour law and absences
ran payroll for {50-900} employees
organised {3-30} job fairs and school visits
""",
    ),
)
