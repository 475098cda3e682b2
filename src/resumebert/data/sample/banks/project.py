"""Words of project managers."""

from resumebert.data.sample.banks.role import make_role

PROJECT_MANAGER = make_role(
    "Project_manager",
    exact="""
Project Manager; IT Project Manager; project manager; PROJECT MANAGER; Technical Project Manager;
Project Manager (PMP); Proj. Manager; Information Technology Project Manager
""",
    titles="""
Program Manager; Scrum Master / Project Manager; PMO Lead; Project Lead; Project Coordinator;
Delivery Manager; Agile Project Manager; Implementation Manager; Infrastructure Project Manager;
Digital Project Manager; ERP Project Manager; Project Management Officer; PMO Manager; Scrum Lead /
PMO; Project Management Consultant; Programme Manager; Engagement Manager; Software Project
Manager; Project Delivery Lead; Senior PM; Technical PM
""",
    vague="""
Consultant; Business Consultant; Team Lead; IT Manager; Engagement Consultant; Delivery Consultant;
Operations Lead; Assistant Director
""",
    skills="""
MS Project; Microsoft Project; project planning; project scheduling; risk management; budget
management; stakeholder management; scope management; change management; Agile; Scrum; Kanban; SDLC;
Waterfall; PMBOK; PRINCE2; Jira; Confluence; Primavera P6; Smartsheet; Asana; Trello; Clarity PPM;
SharePoint; Visio; Gantt charts; critical path; earned value management; work breakdown structure;
RACI; status reporting; vendor management; contract negotiation; resource planning; procurement;
business cases; requirements gathering; steering committees; sprint planning; user stories; RAID
log; project charter; milestone tracking; team leadership; cost control; portfolio management; PMO
governance; risk register; lessons learned; go-live planning; UAT coordination; RFP; SOW;
forecasting; Excel and PowerPoint; Azure DevOps boards; ServiceNow PPM; cross-functional teams
""",
    focus="""
project management; IT project delivery; agile projects and Scrum; planning, budgets and risk;
stakeholder management; ERP implementations; infrastructure projects; program management; software
delivery projects; vendor and contract management; PMO governance; cross-functional project teams
""",
    certificates="""
PMP; Project Management Professional (PMP); Certified ScrumMaster; PRINCE2 Practitioner; CAPM;
PMI-ACP; SAFe Agilist; Lean Six Sigma Green Belt; CSPO; ITIL Foundation
""",
    slots={
        "proj": """
[a|an overdue|a regulatory] {sys} [project|programme|rollout]; the {sys}
  [implementation|replacement|
upgrade|project]; {2-14} parallel projects; a data centre relocation project; an ERP implementation;
an office move project; a merger integration project; the {sys} rollout to {3-40} sites
""",
        "plan": """
project plans; schedules; Gantt charts; the work breakdown structure; the RAID log; the project
charter; the risk register; status reports; resource plans; the budget forecast
""",
        "pmtool": "MS Project; Jira; Smartsheet; Primavera P6; Clarity; Planview; Asana; Excel",
    },
    duties="""
[managed|led|delivered|ran] {proj} [with a budget of ${200-9000}k|on time and within budget|with a
  team of {4-40}|from initiation to closure]
[planned|scheduled|coordinated] {proj} [in {pmtool}|with {3-12} workstreams|across {2-9}
  departments]
[maintained|prepared|updated] {plan} and {plan} [in {pmtool}|every week|for the sponsor]
[tracked|controlled|managed] project [scope, schedule and budget|budgets of ${100-9000}k|costs and
  milestones] with {pmtool}
[chaired|facilitated|led] [weekly status meetings|steering committees|daily stand-ups|sprint
  planning| kick-off meetings] with [stakeholders|sponsors|vendors|{5-30} participants]
[identified|assessed|managed] project risks and issues, [keeping|updating] [the RAID log|a risk
  register]
[negotiated|managed] [contracts|statements of work|change orders] with {2-15} vendors [worth
  ${50-5000}k|]
[reported|presented] project status to [the PMO|executives|the steering committee|clients]
[gathered|defined] requirements and [scope|acceptance criteria] with [business owners|{5-60}
  stakeholders]
[coordinated|directed] teams of {4-45} [developers and testers|engineers|contractors|people] in
  {2-6} [countries|cities|time zones]
[introduced|established] [Scrum|Kanban|a PMO|stage gates|a project methodology] [in {2-9} teams|for
  projects over ${50-500}k]
[wrote|developed] [business cases|project charters|RFPs|communication plans] for {proj}
[recovered|rescued] {proj} that was {2-9} months late
[allocated|balanced] resources over {3-18} projects [with {pmtool}|]
[closed|delivered] {5-40} projects [a year|with {90-99} % on schedule|under budget]
[managed|guided] the project [from charter to go-live|through all SDLC phases|lifecycle]
[planned|led] [go-live|cutover|UAT|user training] for {proj}
[removed|escalated] [blockers|impediments] for {2-5} Scrum teams
[groomed|prioritised] the backlog with [product owners|the sponsor] and [ran|held] retrospectives
[forecast|reconciled] project [spend|budgets|hours] [monthly|against earned value]
[managed|built] client relationships and [expectations|sign-offs] during {proj}
[mentored|supervised] {2-9} [junior project managers|project coordinators]
[ensured|secured] [stakeholder buy-in|milestone sign-off|compliance with PMO standards]
[documented|collected] lessons learned and [closed|archived] project files
[implemented|applied] change control for [scope|requirements|{proj}]
[organised|scheduled] [workshops|project meetings|demos], [taking minutes|tracking action items]
[saved|cut] ${20-900}k [through vendor negotiation|by rescoping|by resequencing work]
[administered|rolled out] [Jira|MS Project Server|Smartsheet|Clarity] for {20-300} project members
[estimated|sized] [effort|cost] and [set|agreed] milestones with [team leads|clients]
[oversaw|managed] [offshore|subcontractor|cross-functional] teams [of {5-50}|] during {proj}
[monitored|measured] [velocity|burn-down|KPIs|milestones] and [adjusted|corrected] the plan
[managed|led] [infrastructure|software|construction|network|security] projects [valued at|worth]
  ${100-9000}k
[aligned|directed] a portfolio of {5-40} projects with [business strategy|annual budgets]
[prepared|delivered] [executive dashboards|weekly project reports|board updates] in
  [PowerPoint|Power BI| {pmtool}]
[hired|staffed] project teams of {4-25}, [covering|including] [analysts and testers|contractors]
[served|acted] as project manager for {proj}
[coordinated|tracked] deliverables between [client and vendors|business and IT|{3-9} departments]
[handled|processed] [project invoices|purchase orders|timesheets] and [budget variances|accruals]
[created|tracked] the critical path in {pmtool}, [recovering {2-12} weeks|keeping dates]
[assured|reviewed] project quality with [stage reviews|audits|health checks]
[met|achieved] [{90-99} % customer satisfaction|all milestones|the regulatory deadline] on {proj}
[supported|assisted] [the programme office|senior managers] with {plan}
[planned|managed] the [training|communication|change management] of {100-5000} users in {proj}
[selected|evaluated] vendors through [RFPs|scored demos|site visits] for {proj}
[translated|broke] business goals into [project plans|milestones|epics and user stories]
[directed|delivered] [agile|waterfall|hybrid] projects using [Scrum|SAFe|PMBOK|PRINCE2]
[resolved|mediated] [conflicts|scope disputes|resource clashes] between {2-6} departments
[kept|maintained] project documentation in [SharePoint|Confluence|Teams]
[reviewed|approved] [change requests|deliverables|invoices] of {2-15} contractors
[facilitated|conducted] risk workshops and [contingency|mitigation] planning for {proj}
""",
)
