"""Words of security analysts."""

from resumebert.data.sample.banks.role import make_role

SECURITY_ANALYST = make_role(
    "Security_Analyst",
    exact="""
Security Analyst; Information Security Analyst; Cyber Security Analyst; Cybersecurity Analyst;
IT Security Analyst; SECURITY ANALYST; security analyst; InfoSec Analyst; Network Security Analyst
""",
    titles="""
SOC Analyst; SOC Analyst Tier 2; Security Operations Analyst; Incident Response Analyst; Threat
Intelligence Analyst; Vulnerability Analyst; Information Assurance Analyst; SIEM Analyst; Security
Engineer; IT Security Specialist; Cyber Defense Analyst; Security Compliance Analyst; Risk and
Compliance Analyst; Security Control Assessor; Penetration Tester; Splunk Security Analyst;
Cyber Threat Analyst; Application Security Analyst; ISSO; Information Security Specialist;
GRC Analyst; Malware Analyst
""",
    vague="""
IT Consultant; Technical Specialist; Consultant; IT Auditor; Risk Consultant; IT Specialist;
Operations Analyst; Monitoring Specialist
""",
    skills="""
Splunk Enterprise Security; Splunk; QRadar; ArcSight; LogRhythm; SIEM; IDS/IPS; Snort; Suricata;
Nessus; Qualys; Rapid7 Nexpose; Metasploit; Burp Suite; Nmap; Kali Linux; OWASP Top 10; CrowdStrike
Falcon; Carbon Black; McAfee ePO; Symantec DLP; Microsoft Defender; Tanium; FireEye; Proofpoint;
Palo Alto; Wireshark; NIST 800-53; NIST CSF; ISO 27001; PCI DSS; HIPAA; SOX; FISMA; RMF; FedRAMP;
MITRE ATT&CK; incident response; vulnerability management; threat hunting; threat intelligence;
risk assessment; security awareness; penetration testing; phishing analysis; malware analysis;
digital forensics; EnCase; log analysis; access reviews; IAM; CyberArk; POA&M; data loss prevention;
endpoint protection; security policies; GDPR; Archer GRC; Tripwire; SOAR
""",
    focus="""
incident response; security monitoring; vulnerability management; risk and compliance; SIEM and log
analysis; information assurance; threat hunting; security audits; cyber security operations;
penetration testing; security policies and NIST controls; phishing and malware analysis
""",
    certificates="""
CompTIA Security+; CISSP; CEH; CySA+; GSEC; GCIH; CISA; CISM; OSCP; CompTIA CASP+; GCIA; SSCP;
Splunk Certified User
""",
    slots={
        "siem": "Splunk; QRadar; ArcSight; LogRhythm; AlienVault; Microsoft Sentinel; Elastic SIEM",
        "scan": "Nessus; Qualys; Nexpose; OpenVAS; Tenable.sc; AppScan; Burp Suite; WebInspect",
        "frame": """
NIST 800-53; ISO 27001; PCI DSS; HIPAA; SOX; FISMA; RMF; CIS controls; GDPR; FedRAMP
""",
        "edr": """
CrowdStrike; Carbon Black; Defender ATP; McAfee ePO; Symantec Endpoint Protection; SentinelOne;
Tanium; FireEye HX
""",
    },
    duties="""
[monitored|watched|triaged] {20-900} security alerts a [day|shift|week] in {siem}
[investigated|analyzed|escalated] [phishing e-mails|malware infections|suspicious logins|IDS alerts|
  brute force attempts] [with {siem}|and wrote incident reports|]
[ran|scheduled|performed] vulnerability scans of {100-9000} hosts with {scan} and [tracked|chased]
  remediation
[responded|reacted] to security incidents, [containing|isolating] infected hosts with {edr}
[assessed|tested|audited] security controls against {frame} [for the {sys}|]
[wrote|tuned|developed] [correlation rules|use cases|detection rules|dashboards] in {siem}, [cutting
  false positives by {15-70} %|covering {10-90} ATT&CK techniques]
[prepared|maintained|reviewed] [system security plans|POA&Ms|risk registers|security policies] under
  {frame}
[conducted|performed] penetration tests of [web applications|{3-40} internal systems|the {sys}] with
  [Burp Suite|Metasploit|Kali Linux]
[hunted|searched] for [indicators of compromise|lateral movement|beaconing|stolen credentials] in
  [proxy logs|DNS logs|endpoint data|{siem}]
[led|delivered|organised] security awareness training and phishing [simulations|tests] for
  {100-9000} staff
[deployed|tuned|administered] {edr} on {200-9000} endpoints
[collected|gathered] evidence for [a SOX audit|PCI assessors|ISO auditors|FISMA reviews]
[reviewed|certified] user access [rights|to the {sys}] [quarterly|for {10-90} applications|]
[analyzed|examined] [packet captures|firewall logs|malware samples|disk images|memory dumps] with
  [Wireshark|Volatility|EnCase|Zeek]
[wrote|updated|drafted] incident response [playbooks|plans|procedures] and ran tabletop exercises
[managed|configured] [DLP policies|e-mail filtering|web proxy rules|IDS signatures] and [reviewed|
  handled] alerts
[tracked|reported] [threat intelligence|zero-day advisories|CVEs|exploits] to [management|the asset
  owners]
[performed|completed] [risk assessments|vendor security reviews|third-party questionnaires] of
  {5-120} [vendors|systems|applications]
[implemented|supported] [multi-factor authentication|privileged access with CyberArk|identity and
  access management] for {100-9000} accounts
[worked|served] in a 24x7 security operations center [as tier {1-3} analyst|on rotating shifts|]
[onboarded|normalised] {10-200} log sources into {siem}
[remediated|prioritised] [critical|high-risk] vulnerabilities found by {scan}, [closing {60-98} % in
  {10-60} days|with system owners]
[supported|guided] systems through [ATO|accreditation|RMF steps {1-3} to {4-6}|certification]
[reported|presented] security metrics [to the CISO|every month|on patching and incidents]
[blocked|reviewed] [malicious domains|hostile IP addresses|spam campaigns] on [firewalls and
  proxies|the mail gateway]
[conducted|led] forensic [investigations|imaging] of {3-60} [laptops|servers] after [a
  breach|insider cases]
[tested|verified] [disaster recovery|encryption|segregation of duties|log retention] controls
[integrated|automated] {siem} alerts with [SOAR playbooks|ServiceNow|Python enrichment scripts]
[checked|validated] configurations against [CIS benchmarks|DISA STIGs] with [{scan}|SCAP]
[advised|guided] project teams on [secure design|threat models|OWASP Top 10|data classification]
[recorded|documented] [security incidents|findings|exceptions] in [Archer|ServiceNow|the GRC tool]
[reduced|cut] mean time to [detect|respond] from {5-30} hours to {20-90} minutes
[mapped|aligned] policies to {frame} and {frame}
[evaluated|piloted] [EDR tools|SIEM products|deception technology|{edr}]
[performed|ran] [static code scans|application security reviews|dependency checks] for {3-30} teams
[maintained|improved] [intrusion detection|firewall|antivirus] [signatures|rules|policies]
[supported|coordinated] [external pen tests|bug bounty reports|red team exercises] and retests
[classified|protected] [personal data|card data|health records] and [reviewed|wrote] privacy
  controls
[developed|delivered] [daily threat briefings|weekly vulnerability reports|security bulletins]
[identified|spotted] [data exfiltration|account takeovers|ransomware] early through [log analysis|
  anomaly rules|user behaviour analytics]
[interviewed|questioned] control owners and [examined|tested] evidence for {frame}
[administered|renewed] [PKI certificates|encryption keys|HSMs|tokens] for the {sys}
[created|tuned] {siem} [searches|reports|dashboards] on [failed logins|privileged users|VPN access]
[followed|applied] the incident handling process from [detection|triage] to lessons learned
[mentored|trained] {2-8} junior analysts in [alert triage|log analysis|{siem}]
[handled|closed] {5-90} [phishing reports|security tickets|incidents] a [day|week|month]
[reviewed|approved] firewall [change requests|rules] for security risk
[performed|scheduled] [continuous monitoring|annual assessments] of {3-40} systems under {frame}
[secured|assessed] [AWS accounts|cloud workloads|Azure tenants] with [GuardDuty|Prisma
  Cloud|Defender for Cloud]
[measured|raised] security maturity [against NIST CSF|from level {1-2} to {3-4}]
""",
)
