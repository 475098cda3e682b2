"""Words of software developers in general (neither web, front end, Java nor Python)."""

from resumebert.data.sample.banks.role import make_role

SOFTWARE_DEVELOPER = make_role(
    "Software_Developer",
    exact="""
Software Developer; Software Engineer; software developer; SOFTWARE DEVELOPER; SOFTWARE ENGINEER;
Software Developer II; Application Developer; Software Engineer II
""",
    titles="""
.NET Developer; C# Developer; C++ Developer; Programmer; Programmer Analyst; Applications
Programmer; Mobile Developer; iOS Developer; Android Developer; Embedded Software Engineer; Go
Developer; Software Design Engineer; SDE II; Backend Developer; Backend Engineer; ETL Developer;
SQL Developer; PL/SQL Developer; Salesforce Developer; Game Developer; COBOL Programmer; Ruby
Developer; Scala Developer; Firmware Engineer; Dot Net Developer; Big Data Developer; SharePoint
Developer; Informatica Developer; Application Engineer; Developer Analyst; BI Developer; Oracle
Developer; VB.NET Programmer
""",
    vague="""
Consultant; Member of Technical Staff; Technical Consultant; Technical Lead; Associate Consultant;
R&D Engineer; Solutions Engineer; Systems Analyst; Technology Analyst
""",
    skills="""
C#; .NET Framework; .NET Core; ASP.NET; C++; C; Visual Studio; Go; Rust; Ruby; Scala; Kotlin; Swift;
Objective-C; Android SDK; Xcode; Visual Basic; COBOL; Perl; SQL; PL/SQL; T-SQL; SQL Server; Oracle;
MySQL; MongoDB; Entity Framework; LINQ; WPF; WCF; WinForms; Qt; Git; SVN; TFS; Azure DevOps;
object-oriented design; design patterns; data structures and algorithms; multithreading; unit
  testing;
NUnit; xUnit; Google Test; TDD; REST APIs; SOAP; gRPC; microservices; Docker; Kubernetes; AWS;
Azure; Jenkins; CI/CD; Agile/Scrum; Jira; UML; Linux; embedded C; RTOS; Unity; Spark; Hadoop;
Informatica; SSIS; Apex; Java; Python; JavaScript; code review; debugging; software development
life cycle
""",
    focus="""
software development; C# and .NET applications; object-oriented design; C++ and Linux; back-end
services; mobile applications; the full software development life cycle; embedded software; desktop
applications; data-intensive applications; SQL and ETL development; designing and coding
applications; software engineering; cloud services and APIs
""",
    certificates="""
Microsoft Certified: Azure Developer Associate; MCSD; AWS Certified Developer; Salesforce Platform
Developer I; Certified Scrum Developer; MCPD .NET; Google Associate Android Developer; ISTQB
Foundation
""",
    slots={
        "lang": """
C#; C++; C; Go; .NET; .NET Core; Scala; Ruby; Kotlin; Swift; VB.NET; PL/SQL; Perl; Rust;
Objective-C; COBOL; C# and WPF; C++ and Qt
""",
        "app": """
[desktop application|service|mobile app|API|library|batch program|module|tool|client-server
application|data pipeline|device driver|plug-in|back end|trading engine|reporting engine|SDK]
""",
        "swtest": "NUnit; xUnit; Google Test; MSTest; RSpec; XCTest; Espresso; Catch2",
    },
    duties="""
[developed|designed|built|wrote|coded] [a|a new|an internal] {lang} {app} for the {sys}
[implemented|added|delivered] [features|modules|new functions] of the {sys} in {lang}
[fixed|debugged|resolved] [defects|production bugs|memory leaks|crashes|race conditions] in [a
  large|an old|the] {lang} [code base|application|{app}]
[refactored|rewrote|ported] [legacy|old] {lang} code to {lang}, [cutting {10-60} % of the
  code|easing maintenance|]
[wrote|automated] unit tests with {swtest}, [raising coverage from {20-50} % to {65-95} %|for
  {2-40} modules]
[reviewed|merged] code of {3-15} developers and [enforced|set] coding standards
[designed|implemented] [REST|gRPC|WCF|messaging] APIs [used|called] by {2-30} [applications|teams]
[optimised|improved] [algorithms|throughput|start-up time|memory use] of a {lang} {app} by {15-80} %
[analyzed|translated] requirements into [technical designs|class diagrams|specifications] and code
[maintained|supported|enhanced] {lang} applications for the {sys}
[built|maintained] [CI pipelines|build scripts|release tooling] in [Jenkins|TFS|Azure DevOps|GitLab]
[developed|wrote] [stored procedures|SQL queries|PL/SQL packages|ETL mappings] for the {sys}
[created|shipped] [mobile|tablet|cross-platform] apps with [Swift|Kotlin|Xamarin|Flutter|React
  Native], [downloaded {2-900} thousand times|used by field staff]
[programmed|developed] firmware in [C|embedded C|C++] for [sensors|meters|medical
  devices|controllers]
[worked|collaborated] in an agile team of {4-12} developers [with two-week sprints|]
[integrated|connected] the {sys} with [third-party APIs|payment services|message queues|SAP]
[migrated|split] a monolithic {app} into [microservices|.NET Core services|Docker containers]
[prototyped|implemented] [a rules engine|a scheduler|a parser|a search index|an image viewer] in
  {lang}
[participated|took part] in the full software development life cycle, from [design|analysis] to
  [deployment|maintenance]
[deployed|released] software to [Azure|AWS|{20-900} customer sites|production] [every two weeks|]
[documented|specified] [software designs|APIs|interfaces|modules] [in UML|in Confluence|]
[mentored|trained] {1-6} junior [developers|programmers] in {lang}
[developed|tuned] multithreaded {lang} code processing {2-90} thousand [messages|orders|readings]
  per second
[created|maintained] [Windows services|console applications|WPF screens|WinForms clients] in {lang}
[designed|modelled] [data models|class libraries|domain objects] for the {sys}
[built|coded] [Informatica|SSIS|Spark|Hadoop] jobs that load {2-900} million records a night
[customised|extended] [Salesforce with Apex|Dynamics CRM with C#|SharePoint with C#|SAP with ABAP]
[investigated|reproduced] customer issues and [shipped|released] hotfixes
[evaluated|introduced] [new frameworks|static analysis|dependency injection|feature flags]
[modernised|upgraded] applications from [VB6|.NET 2.0|COBOL|Delphi|C++98] to {lang}
[estimated|planned] development tasks and [delivered|completed] user stories each sprint
[wrote|developed] [game logic|simulation code|signal processing|graphics code] in [C++|Unity|C#]
[implemented|added] [logging|caching|encryption|authentication|localisation] in a {lang} {app}
[developed|produced] software for [Windows|Linux|handheld devices|Windows and macOS] in {lang}
[improved|profiled] [database access|LINQ queries|Entity Framework code|SQL calls] in the {sys}
[owned|led] development of [the {sys}|a {lang} {app}] with {2-9} engineers
[generated|built] [reports|invoices|documents] from the {sys} with [Crystal Reports|SSRS|{lang}]
[applied|used] [design patterns|SOLID principles|test-driven development|pair programming] in {lang}
[wrote|maintained] technical specifications and [user guides|release notes] for {2-15} programs
[converted|programmed] [batch jobs|mainframe programs|reports] in [COBOL|PL/I|{lang}]
[developed|implemented] back-end services in {lang} [with Kafka|with Redis|on Azure|on AWS Lambda]
[supported|tested] software releases [with QA|in UAT|at {3-60} sites]
[created|built] [internal tools|utilities|code generators] in {lang}, saving {2-20} hours a week
[designed|coded] [object-oriented|event-driven|distributed] software in {lang} for the {sys}
[coded|tested] [changes|interfaces|enhancements] to the {sys} according to [specifications|user
  requests]
[collaborated|worked] with [QA|designers|product owners] on [software features|release plans]
[built|developed] [drivers|protocol stacks|Bluetooth interfaces|CAN bus code] in [C|C++|embedded C]
[managed|kept] source code in [Git|SVN|TFS|ClearCase], [resolving merges|tagging releases]
[performed|led] [code reviews|design reviews|root cause analysis] for the software team
[developed|delivered] {3-25} software [releases|versions|products] [in {lang}|for {5-90} clients]
""",
)
