"""Words of systems administrators."""

from resumebert.data.sample.banks.role import make_role

SYSTEMS_ADMINISTRATOR = make_role(
    "Systems_Administrator",
    exact="""
Systems Administrator; System Administrator; Sys Admin; SYSTEMS ADMINISTRATOR; Systems Admin;
systems administrator; Sysadmin; IT Systems Administrator; Computer Systems Administrator
""",
    titles="""
Linux Administrator; Linux Admin; Windows Administrator; Windows Systems Administrator; Unix
Administrator; Server Administrator; Linux System Administrator; Windows Server Engineer;
VMware Administrator; Systems Engineer; IT Administrator; Unix/Linux Admin; Red Hat Administrator;
Exchange Administrator; Active Directory Administrator; Server Support Engineer; SysAdmin II;
Storage and Backup Administrator; Solaris Administrator; Citrix Administrator; Infrastructure
Administrator; Cloud Systems Administrator; Office 365 Administrator; AIX Administrator
""",
    vague="""
IT Engineer; Technical Specialist; Consultant; IT Specialist; Infrastructure Engineer; IT Manager;
Technology Specialist; Operations Engineer; Infrastructure Consultant
""",
    skills="""
Windows Server 2008/2012/2016; Windows Server; Active Directory; Group Policy; Exchange Server;
Office 365; Azure AD; PowerShell; Bash scripting; Red Hat Enterprise Linux; CentOS; Ubuntu Server;
SUSE Linux; Solaris; AIX; VMware vSphere; VMware ESXi; vCenter; Hyper-V; Citrix XenApp; SCCM; WSUS;
Veeam Backup; Backup Exec; NetBackup; SAN/NAS storage; NetApp; EMC; Nagios; Zabbix; Puppet; Ansible;
Chef; DNS; DHCP; LDAP; Samba; Apache; IIS; NFS; RAID; LVM; Kickstart; cron; SSH; patch management;
disaster recovery; user account management; print servers; Terminal Services; file servers;
HP ProLiant; Dell PowerEdge; Intune; JAMF; Postfix; AWS EC2; ServiceNow; imaging and deployment
""",
    focus="""
Windows Server administration; Linux server administration; Active Directory and Exchange;
virtualization with VMware; server patching and backup; Unix and Linux systems; Office 365
administration; server infrastructure; system administration; storage and backup; data center
operations; Red Hat Linux and scripting
""",
    certificates="""
MCSA Windows Server 2012; MCSE; RHCSA; RHCE; VCP-DCV; CompTIA Server+; LPIC-1; CompTIA Linux+;
Microsoft 365 Certified: Administrator; ITIL Foundation; CompTIA A+; Azure Administrator Associate
""",
    slots={
        "os": """
Windows Server 2012; Windows Server 2016; Windows 2008 R2; Red Hat Linux; RHEL 6 and 7; CentOS;
Ubuntu; Solaris; AIX; SUSE; Windows Server 2019; Debian
""",
        "virt": "VMware ESXi; vSphere; Hyper-V; VMware; Citrix XenServer; KVM; Nutanix; vCenter",
        "bak": "Veeam; Backup Exec; NetBackup; Commvault; Bacula; Avamar; tape libraries; rsync",
        "cfg": "Puppet; Ansible; Chef; SaltStack; SCCM; Group Policy; PowerShell DSC; Satellite",
    },
    duties="""
[administered|managed|maintained|supported] {20-900} {os} servers [for the {sys}|in two data
  centers| on {virt}|]
[managed|administered] Active Directory [users, groups and OUs|and Group Policy|domains|accounts]
  for {50-9000} [users|employees|staff]
[patched|upgraded] {os} [monthly|every quarter|servers] with [WSUS|SCCM|Satellite|yum|Ansible]
migrated {20-400} physical servers to {virt}
[built|installed|configured|deployed] {os} servers from [images|templates|Kickstart|scratch|PXE]
[wrote|maintained] [PowerShell|Bash|shell|Perl] scripts [for user provisioning|for log rotation|to
  check disk space|for nightly jobs|that report on server health]
[managed|tested|monitored] backups [with|in] {bak} and [restored files|rehearsed restores] on
  request
migrated [{100-3000} mailboxes|e-mail] from [Exchange 2010|Exchange 2007|Lotus Notes|GroupWise] to
  [Office 365|Exchange 2016|Exchange Online]
[administered|maintained] [Exchange|Office 365|SharePoint servers|file and print servers] for
  {40-5000} users
[automated|standardized] server configuration with {cfg}
[monitored|tuned] server [CPU, memory and disk|performance|capacity|uptime] with
  [Nagios|Zabbix|SCOM| SolarWinds|Datadog]
[configured|maintained] [RAID arrays|LVM volumes|SAN LUNs|NFS shares|file systems] on {os}
[managed|administered] {virt} clusters with {3-40} hosts and {50-900} virtual machines
[planned|tested|wrote] disaster recovery [procedures|drills|plans] for {10-200} servers
[replaced|racked] server hardware, [including|such as] [disks|blades|controllers|power supplies], in
  [the data center|{2-9} server rooms]
[resolved|closed] {5-60} server [tickets|incidents] a week [in ServiceNow|in Remedy|within SLA]
[provided|took part in] [24x7|on-call|after-hours] support for [production servers|the {sys} hosts]
[created|disabled] user accounts, mailboxes and [permissions|home folders] for [new hires|leavers]
[installed|maintained] [IIS|Apache|Tomcat|WebSphere|JBoss] on {os}
[hardened|secured] {os} servers to [CIS benchmarks|STIG|company policy]
[managed|renewed] [software licences|SSL certificates|service contracts] for {10-300} servers
[upgraded|moved] the domain from [2003|2008 R2|2012] to [2012 R2|2016|2019] domain controllers
[managed|imaged|deployed] {50-3000} [laptops and desktops|workstations] [with SCCM|with MDT|through
  Intune]
[documented|updated] system [build guides|runbooks|inventories|standards]
[expanded|administered] [NetApp|EMC|Dell EqualLogic|HP 3PAR|Synology] storage [to {20-900} TB|]
[reduced|cut] server [build time|downtime|sprawl] by {20-70} % [with {cfg}|through {virt}]
[moved|migrated] [servers|workloads] to [AWS EC2|Azure virtual machines|a new data center]
[administered|configured] DNS, DHCP and [LDAP|Samba|NTP] services on {os}
[supported|administered] Citrix [XenApp|XenDesktop] farms for {50-2000} [remote users|clinicians]
[scheduled|managed] [cron|batch|Control-M] jobs for the {sys}
[analyzed|checked] [system logs|event logs|core dumps] to find the cause of [crashes|slow logons|
  failed services]
[performed|handled] daily system checks, [user administration|log reviews|backup verification]
[trained|led] {2-8} [junior administrators|technicians] in [server care|{os}|scripting]
[set up|administered] [WSUS|antivirus servers|print servers|license servers|terminal servers]
[consolidated|decommissioned] {5-120} [old|legacy] servers [onto {virt}|]
[administered|supported] [Solaris zones|AIX LPARs|HP-UX hosts|Unix servers] running the {sys}
[implemented|introduced] [single sign-on|ADFS|MFA for administrators|LAPS] across the domain
[administered|managed] [AWS accounts|EC2 instances|Azure subscriptions] and their [backups|images]
[wrote|ran] [health check|compliance|inventory] scripts over {30-900} hosts
[ensured|kept] 99.9 % uptime of [production systems|mail and file servers|the {sys} servers]
[evaluated|purchased|recommended] [servers|storage|backup software] within a budget of ${20-900}k
[troubleshot|resolved] [boot failures|kernel panics|replication errors|permission problems|disk full
  alarms] on {os}
[installed|configured] {virt} with [vMotion|HA and DRS|shared storage|replication]
[maintained|managed] Group Policy objects for [drive mapping|desktop lockdown|software rollout]
[coordinated|performed] [data center moves|server refreshes|weekend maintenance] with [vendors|the
  application teams]
[managed|supported] [Mac and Windows|mixed Linux and Windows] systems [with JAMF|in {2-12} offices|]
[tuned|configured] [kernel parameters|swap|systemd services|sudo rules|PAM] on {os}
[served|acted] as the only systems administrator for {40-400} [staff|users] in {2-9} [offices|sites]
[deployed|maintained] [Splunk forwarders|monitoring agents|syslog] on {50-900} servers
[restored|recovered] [a failed domain controller|the mail server|a corrupted RAID] in {2-9} hours
""",
)
