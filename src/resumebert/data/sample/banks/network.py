"""Words of network administrators."""

from resumebert.data.sample.banks.role import make_role

NETWORK_ADMINISTRATOR = make_role(
    "Network_Administrator",
    exact="""
Network Administrator; network administrator; NETWORK ADMINISTRATOR; Network Admin;
Network Administrator II; Network Administrator I; Computer Network Administrator
""",
    titles="""
Network Engineer; NOC Engineer; NOC Technician; Network Support Engineer; LAN/WAN Administrator;
LAN Administrator; Network Operations Specialist; Cisco Network Engineer; Wireless Network Engineer;
Network Specialist; Network Technician; Routing & Switching Engineer; Network Operations Engineer;
Network Infrastructure Engineer; Network Analyst; WAN Engineer; Network & Telecom Administrator;
Datacenter Network Engineer; Network Security Engineer; Enterprise Network Admin
""",
    vague="""
IT Engineer; Infrastructure Specialist; Technical Specialist; Consultant; IT Support Engineer;
Field Engineer; Operations Engineer; IT Technician II; Infrastructure Consultant
""",
    skills="""
Cisco IOS; Cisco Catalyst; Cisco Nexus; Cisco ASA; Cisco Meraki; Juniper Junos; Juniper SRX;
Arista EOS; Aruba wireless; HP ProCurve; Palo Alto firewalls; Fortinet FortiGate; Check Point; BGP;
OSPF; EIGRP; MPLS; SD-WAN; VLAN; VLAN trunking; Spanning Tree; VTP; HSRP; VRRP; TCP/IP; IPv4 and
IPv6 subnetting; DHCP; DNS; NAT; QoS; VoIP; SIP; IPsec VPN; SSL VPN; AnyConnect; Wireshark;
SolarWinds NPM; PRTG; Cacti; NetFlow; SNMP; LAN/WAN; Wi-Fi site surveys; RADIUS; TACACS+;
Cisco ISE; F5 BIG-IP; load balancers; structured cabling; fibre optics; Infoblox; Ansible for
network devices; Cisco Call Manager; 802.1X; routers and switches; packet capture; firewall rules
""",
    focus="""
routing and switching; LAN/WAN administration; network operations; wireless networks; Cisco routers
and switches; VPN and firewall administration; network monitoring; MPLS and SD-WAN links; enterprise
networking; voice and data networks; network design and support; data centre networks
""",
    certificates="""
CCNA Routing and Switching; CCNA; CCNP Enterprise; CCENT; CompTIA Network+; JNCIA-Junos;
Fortinet NSE 4; Aruba ACMA; Cisco CCDA; Palo Alto PCNSA
""",
    slots={
        "gear": """
Cisco Catalyst switches; Cisco 2900 routers; Nexus 9000 switches; Juniper EX switches; Meraki access
points; Aruba controllers; ASA firewalls; FortiGate firewalls; HP ProCurve switches; Arista leaf
switches; ISR 4000 routers; Palo Alto firewalls; wireless controllers; edge routers
""",
        "proto": """
BGP; OSPF; EIGRP; MPLS; HSRP; VRRP; spanning tree; QoS; 802.1X; multicast; IPv6; VXLAN; LACP
""",
        "nms": """
SolarWinds; PRTG; Nagios; Cacti; LibreNMS; Zabbix; WhatsUp Gold; NetFlow reports; Wireshark
""",
        "site": """
[branch offices|branches|stores|clinics|campuses|warehouses|plants|schools|remote sites|floors]
""",
    },
    duties="""
[configured|installed|deployed|replaced] {gear} [in|at|for] {3-90} {site}
[designed|planned|rolled out|built] the [LAN and WAN|campus LAN|office network|wireless network] for
  [a new headquarters|{2-40} {site}|the {sys}]
[monitored|watched over] {50-900} network devices with {nms} and [answered|acted on] alerts
troubleshot [routing|switching|latency|packet loss|connectivity|DNS and DHCP] problems
  [on|across] {gear}
[administered|maintained|managed] [site-to-site|remote access|IPsec] VPN tunnels [for {20-900}
  users|to {3-30} partners|between {3-40} {site}]
migrated {site} from [frame relay|T1 lines|static routes|MPLS|flat layer 2] to
  [SD-WAN|BGP|OSPF|fibre links|metro Ethernet]
segmented the network into {8-80} VLANs [for voice, data and guests|by department|to contain faults]
[upgraded|patched] the [IOS|Junos|firmware] images of {10-300} [routers and switches|switches|access
  points] [at night|in change windows|without an outage]
[tuned|configured|documented] {proto} and {proto} [on the core|at the edge|between data centres]
managed [IP address plans|IPAM and subnetting|DNS and DHCP scopes] for {3-60} {site}
[carried out|performed] Wi-Fi site surveys [with Ekahau|on {2-30} floors|] and adjusted access point
  placement
[managed|maintained|reviewed] firewall rules and NAT on {gear}
[coordinated|chased|handled] circuit orders and outages with [carriers|internet providers|the telco]
[analyzed|captured] traffic with [Wireshark|NetFlow|packet captures|tcpdump] to find [bottlenecks|a
  broadcast storm|voice jitter|a misbehaving switch]
[documented|drew|updated] network diagrams [in Visio|and rack layouts|and cabling records] for
  {2-40} {site}
[supported|administered] [VoIP phones|Cisco Call Manager|SIP trunks|the PBX] for {40-900}
  [users|staff]
[implemented|introduced] QoS for [voice|video|the {sys}] on {gear}
automated switch [backups|port changes|audits|compliance checks] with [Ansible|Python and Netmiko|
  Rancid|expect scripts]
[resolved|closed] {5-40} network tickets a [day|week] in [ServiceNow|Remedy|Jira|the NOC queue]
provided [tier 2|tier 3|second-line|on-call] network support for {3-70} {site}
[implemented|rolled out] [802.1X with Cisco ISE|RADIUS authentication|network access control] on
  {10-400} switch ports
[terminated|tested|ran] [Cat6|fibre|copper] cabling and [patched|labelled] panels in the
  [server room|wiring closets]
[evaluated|tested|recommended] {gear} in a lab before [rollout|purchase]
worked in a 24x7 NOC watching [backbone links|customer circuits|{50-900} nodes] with {nms}
[migrated|moved] the core from [Catalyst 6500|HP|Brocade] to {gear}
[built|set up] redundancy with HSRP, dual [uplinks|providers] and {proto}, [lifting uptime to 99.9
  %| removing single points of failure]
[administered|configured] F5 load balancers and [virtual servers|pools] for the {sys}
[measured|reported] bandwidth use and [planned|proposed] circuit upgrades [each quarter|yearly]
[restored|recovered] service after [a fibre cut|a switch failure|a routing loop] in [under an hour|
  {10-50} minutes]
[trained|mentored] {2-6} junior network technicians in [subnetting|IOS commands|troubleshooting]
[reviewed|tightened] access lists and [disabled unused ports|hardened management access] on {gear}
[provisioned|activated] [new circuits|switch ports|data and voice drops] for [office moves|{site}]
[kept|maintained] configuration backups of {gear} in [Git|SolarWinds NCM|Rancid]
[opened|managed] Cisco TAC cases for [hardware faults|IOS bugs|wireless drops]
[integrated|connected] the networks of {2-5} acquired companies, [resolving overlapping subnets|
  renumbering {5-40} sites]
[deployed|managed] Meraki [dashboards|access points|switches] in {3-60} {site}
[extended|connected] the WAN to [AWS through Direct Connect|Azure through ExpressRoute|a second data
  centre]
[maintained|monitored] [LAN, WAN and WLAN|routers, switches and hubs|the network backbone] of
  [a city hall|a hospital|a university|{sys} users]
[wrote|updated] network [standards|runbooks|change requests|disaster recovery plans]
[installed|racked] {gear} and UPS units in {2-12} [data rooms|closets]
[reduced|cut] network outages by {15-60} % [with|through] [better monitoring|redundant
  links|firmware upgrades]
[tested|executed] network failover [twice a year|every quarter]
[configured|supported] [guest Wi-Fi|BYOD wireless|point-to-point wireless links] for {3-30} {site}
[handled|performed] the daily [administration|monitoring|maintenance] of the network, [including|
  covering] {gear} and {gear}
[assisted|supported] users with [VPN|Wi-Fi|remote access|network printer] connection problems
[designed|implemented] a [spine-leaf|three-tier|collapsed core] network with {proto}
[assessed|audited] the network for [PCI|HIPAA|an ISO audit] and closed [open|risky] ports
[negotiated|renewed] [carrier contracts|maintenance for {gear}], [saving {10-35} %|cutting cost]
[configured|maintained] [TACACS+|syslog servers|SNMP traps|NTP] on all network devices
[planned|led] the [network refresh|IPv6 rollout|move of the network core] of {2-25} {site}
""",
)
