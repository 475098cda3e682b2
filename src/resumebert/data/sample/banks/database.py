"""Words of database administrators."""

from resumebert.data.sample.banks.role import make_role

DATABASE_ADMINISTRATOR = make_role(
    "Database_Administrator",
    exact="""
Database Administrator; DBA; database administrator; DATABASE ADMINISTRATOR; Data Base
Administrator; Database Administrator (DBA); Database Admin
""",
    titles="""
Oracle DBA; SQL Server DBA; Oracle Database Administrator; MySQL DBA; PostgreSQL DBA; DB2 DBA;
Production DBA; MS SQL DBA; Oracle Apps DBA; Database Engineer; Database Analyst; SQL DBA;
Application DBA; Sybase DBA; MongoDB Administrator; Teradata DBA; Database Specialist;
SQL Server Database Administrator; Oracle RAC DBA; Database Operations Engineer; Core DBA
""",
    vague="""
Data Consultant; Technical Specialist; Consultant; IT Specialist; Data Platform Specialist;
Technical Consultant; Application Support Specialist
""",
    skills="""
Oracle 11g/12c; Oracle 19c; Oracle RAC; Data Guard; RMAN; ASM; GoldenGate; Oracle Enterprise
Manager; AWR and ADDM; Exadata; SQL*Plus; SQL*Loader; Data Pump; PL/SQL; SQL Server 2012/2016; SQL
Server 2019; T-SQL; SSIS; SSRS; SQL Server Management Studio; AlwaysOn Availability Groups; log
shipping; database mirroring; replication; failover clustering; DBCC; SQL Profiler; execution plans;
index tuning; query optimisation; MySQL; MariaDB; Percona XtraBackup; PostgreSQL; pgBouncer; DB2
UDB; Sybase ASE; MongoDB; Cassandra; Teradata; Amazon RDS; Azure SQL; Toad; ER/Studio; Erwin;
partitioning; database backup and recovery; capacity planning; database security; stored
procedures; TDE; performance tuning; database cloning; Redgate SQL Monitor; Flashback; tablespaces;
OEM 13c
""",
    focus="""
Oracle database administration; SQL Server administration; database backup and recovery; performance
tuning; high availability databases; database migrations and upgrades; production databases; RAC and
Data Guard; MySQL and PostgreSQL databases; database design and security; replication and
clustering; large databases of several terabytes
""",
    certificates="""
Oracle Certified Professional (OCP); Oracle Certified Associate (OCA); MCSA SQL Server; MCITP
Database Administrator; Azure Database Administrator Associate; MongoDB Certified DBA; IBM
Certified Database Administrator DB2; Oracle 12c OCP
""",
    slots={
        "db": """
Oracle 11g; Oracle 12c; Oracle 19c; SQL Server 2012; SQL Server 2016; SQL Server 2008 R2; MySQL 5.7;
PostgreSQL; DB2; Sybase ASE; MongoDB; MariaDB; Oracle; SQL Server
""",
        "dbkind": """
[production|test|reporting|OLTP|data warehouse|QA and production|24x7|development]
""",
        "dbtool": """
OEM; AWR reports; SQL Profiler; Toad; execution plans; Statspack; Redgate; pt-query-digest; DMVs;
extended events; EXPLAIN ANALYZE; SolarWinds DPA
""",
    },
    duties="""
[administered|managed|maintained|supported] {8-300} {dbkind} {db} databases [of up to {1-40} TB|for
  the {sys}|]
[installed|configured|created|built] {db} [instances|databases|servers] on [Linux|Windows|AIX|AWS]
[upgraded|migrated] {db} databases to [a newer release|new servers|virtual machines]
  [with {5-90} minutes of downtime|with Data Pump|]
[tuned|optimised|optimized] slow [queries|SQL statements|stored procedures] with {dbtool}, [cutting
  run time by {20-90} %|for the {sys}]
[set up|implemented|maintained] [Data Guard|AlwaysOn availability groups|log shipping|mirroring|
  replication|RAC] for the {sys}
[planned|tested|automated] [RMAN|full and differential|hot|nightly] backups and [point-in-time|]
  recovery of {db} databases
[restored|recovered] [a corrupted database|dropped tables|a lost datafile] [from RMAN backups|with
  Flashback|without data loss]
[rebuilt|created|reviewed] indexes and [statistics|partitions|maintenance plans] on {db}
[managed|granted] database [users, roles and privileges|logins and permissions|security and
  auditing]
[monitored|checked] tablespaces, [alert logs|locks and blocking|wait events|deadlocks] with {dbtool}
[refreshed|cloned] [test|UAT|development] databases from production [weekly|with RMAN duplicate|on
  demand]
[wrote|scheduled] [SQL Agent jobs|shell scripts|PL/SQL packages|T-SQL scripts] for [backups|purging|
  health checks|statistics]
[moved|migrated] {5-120} databases to [Amazon RDS|Azure SQL|Exadata|a new SAN|Aurora]
[applied|tested] [PSU patches|service packs|cumulative updates|CPU patches] to {db}
[designed|reviewed] [logical and physical data models|schemas|table partitioning] for the {sys}
[configured|maintained] Oracle RAC [with {2-8} nodes|and ASM disk groups]
[encrypted|masked] [columns|backups|sensitive data] with [TDE|Data Masking|Always Encrypted]
provided [24x7|on-call] database support for {3-40} [applications|teams|clients]
[forecast|planned] [storage growth|database capacity] and [archived|purged] old data
[loaded|imported] data with [SQL*Loader|SSIS packages|bcp|Data Pump|external tables]
[reviewed|deployed] [DDL changes|database releases|stored procedures] from [developers|{2-9} teams]
[documented|wrote] [recovery procedures|database standards|DBA runbooks]
[troubleshot|resolved] [deadlocks|blocking sessions|ORA errors|replication lag|corrupt pages] on
  {db}
[configured|administered] [GoldenGate|transactional replication|streaming replication] between
  {2-12} sites
[consolidated|retired] {10-150} [SQL Server instances|schemas|old databases] [onto {2-9} clusters|]
[monitored|managed] database jobs, [space|sessions|performance] and [availability|errors] daily
[supported|advised] developers with [query tuning|schema design|PL/SQL|index choice]
[performed|automated] database [health checks|integrity checks with DBCC|space reports|audits]
[administered|tuned] [MongoDB replica sets|Cassandra rings|MySQL Galera clusters|sharded clusters]
[tested|rehearsed] database failover and disaster recovery [every {2-6} months|for the {sys}]
[raised|lifted] database availability to 99.9{1-9} % [with clustering|through standby databases]
[reduced|cut] [backup windows|storage|licence cost] by {15-70} % [with compression|by archiving|]
[audited|secured] databases for [SOX|HIPAA|PCI|GDPR] and closed [excess grants|default accounts]
[cloned|patched] Oracle E-Business Suite [instances|databases] with [adpatch|Rapid Clone|AutoConfig]
[set|tuned] [SGA and PGA|buffer pool|max memory|tempdb|redo log] settings of {db}
[trained|mentored] {2-5} junior DBAs in [backup|tuning|{db}]
[created|managed] tablespaces, [datafiles|redo logs|undo|rollback segments] and control files
[led|planned] the migration of a {1-30} TB warehouse from [Teradata|Sybase|DB2|Oracle] to {db}
[implemented|introduced] table partitioning [and compression|by month], [speeding reports up {2-20}
  times|cutting load time]
[analyzed|read] {dbtool} to find [expensive joins|missing indexes|parameter sniffing|I/O waits]
[worked|acted] as the primary DBA of [{2-9} databases|the {sys} database|a {1-20} TB warehouse]
[automated|scripted] database [provisioning|refreshes|checks] with [Ansible|PowerShell|shell
  scripts]
[maintained|developed] [SSIS packages|SSRS reports|database links|materialized views] for {sys} data
[coordinated|joined] database change windows with [vendors|the application owners]
[managed|secured] connections with [pgBouncer|SQL Server logins|Oracle Wallet|LDAP authentication]
[configured|set up] [database mail|alerts|OEM agents|operators] on {10-200} instances
[evaluated|compared] [PostgreSQL and Oracle|cloud databases|backup tools] for the {sys}
[defragmented|reorganised] [tables and indexes|segments] in [maintenance windows|{db}]
[prepared|installed] [standby|failover] servers with {db} [for disaster recovery|in a second site]
[kept|maintained] {8-300} databases [patched|in line with licences|backed up] [across {2-6} data
  centers|]
""",
)
