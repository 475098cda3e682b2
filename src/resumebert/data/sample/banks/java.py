"""Words of Java developers."""

from resumebert.data.sample.banks.role import make_role

JAVA_DEVELOPER = make_role(
    "Java_Developer",
    exact="""
Java Developer; JAVA DEVELOPER; java developer; Sr. Java Developer; Java/J2EE Developer; Java
Software Developer; Core Java Developer; Java Web Developer
""",
    titles="""
Java Engineer; J2EE Programmer; J2EE Developer; Java Full Stack Developer; Java Backend Developer;
Java Programmer; Spring Boot Developer; Java/Spring Developer; Java Application Developer; Java
Back-End Engineer; Java Microservices Developer; Java EE Developer; Java Software Engineer; Java
Programmer Analyst; Java Consultant; Java UI Developer; Java/AWS Developer; Hybris Java Developer;
Software Engineer (Java)
""",
    vague="""
Consultant; Technical Consultant; Technical Lead; Software Consultant; Associate Consultant;
Technology Analyst; Backend Developer; Software Engineer
""",
    skills="""
Java 8; Java 11; Core Java; J2EE; Java; Spring Boot; Spring MVC; Spring Framework; Spring Security;
Spring Data JPA; Spring Batch; Hibernate; JPA; JDBC; JSP; Servlets; EJB 3.0; JSF; Struts; JMS;
JAX-RS; JAX-WS; Jersey; Apache Camel; Apache Kafka; RabbitMQ; ActiveMQ; Maven; Gradle; Ant; JUnit;
Mockito; TestNG; Log4j; Tomcat; WebLogic; WebSphere; JBoss; Wildfly; Eclipse; IntelliJ IDEA; Spring
Tool Suite; Swing; JavaFX; Java multithreading; Java collections; Vert.x; Quarkus; Micronaut; GWT;
Drools; Oracle; RESTful web services; SOAP web services; microservices; Jenkins; SonarQube;
XML/XSLT; Angular; JavaScript; MyBatis; Swagger; AWS; Docker; JIRA
""",
    focus="""
Java/J2EE development; Core Java and Spring Boot; Java microservices; Spring, Hibernate and REST
services; enterprise Java applications; Java back ends; multi-tier J2EE applications; Java, JSP and
Servlets; Java web services; Java 8 and Kafka; design and development of Java applications
""",
    certificates="""
Oracle Certified Professional, Java SE 8 Programmer; Oracle Certified Associate, Java SE 7; Sun
Certified Java Programmer; Spring Certified Professional; Oracle Certified Java EE Developer; SCWCD
""",
    slots={
        "jfw": """
Spring Boot; Spring MVC; Struts 2; Java EE; Spring; Jersey; Quarkus; JSF; Spring and Hibernate;
Java 8; Core Java; Java 11; EJB 3
""",
        "jsrv": "Tomcat; WebLogic; WebSphere; JBoss; Wildfly; Jetty; OpenShift; Cloud Foundry",
        "jtest": "JUnit; JUnit and Mockito; TestNG; EasyMock; PowerMock; Spock",
    },
    duties="""
[developed|designed|built|implemented] [REST|SOAP|micro] services [in|with] {jfw} for the {sys}
[implemented|coded] [DAO|persistence|data access] layers [with|using] [Hibernate|JPA|MyBatis|Spring
  JDBC]
[wrote|automated] {jtest} tests for [controllers|services|{10-300} Java classes]
[deployed|configured] Java applications on {jsrv}
[migrated|upgraded] the {sys} from [Java 6|Java 7|Struts|EJB 2] to {jfw}
[developed|maintained] [JSP pages|Servlets|JSF screens|Swing clients] [and JavaBeans|] for the {sys}
[built|published] Kafka [producers and consumers|streams] in Java handling {2-90} million [events|
  messages] a day
[secured|protected] Java services with [Spring Security|OAuth2 and JWT|LDAP|Keycloak]
[used|applied] [Core Java collections|multithreading|Java 8 streams and lambdas|generics] in the
  {sys}
[integrated|connected] [JMS queues|MQ Series|ActiveMQ|RabbitMQ] with {jfw} services
[configured|wrote] [Maven|Gradle|Ant] builds and Jenkins jobs for {5-60} Java modules
[split|broke] a J2EE monolith into {5-50} Spring Boot microservices
[tuned|profiled] JVM [heap settings|garbage collection|threads] with [JProfiler|VisualVM|JMeter],
  [halving pauses|cutting latency by {15-70} %]
[developed|scheduled] Spring Batch jobs [processing|loading] {2-90} million records for the {sys}
[designed|documented] [class diagrams|REST contracts in Swagger|sequence diagrams] for Java
  components
[fixed|debugged] [defects|NullPointerExceptions|memory leaks|thread deadlocks] in Java
  [code|modules]
[implemented|applied] [MVC|DAO|Singleton|Factory|Session Facade] design patterns in {jfw}
[created|consumed] SOAP web services with [Apache CXF|Axis2|JAX-WS] and [WSDL|XSD schemas]
[developed|wrote] [stateless session beans|message-driven beans|entity beans] in EJB 3
[built|designed] the Java back end of [a portal|the {sys}|a mobile app] with {jfw}
[reviewed|refactored] Java code of {3-12} developers [with SonarQube|in Crucible|]
[wrote|optimised] HQL and SQL [queries|named queries] for Hibernate [entities|mappings]
[containerised|deployed] Spring Boot services [with Docker|on Kubernetes|on AWS ECS|on OpenShift]
[developed|enhanced] Java [batch programs|parsers|XML converters|utilities] with
  [JAXB|JDOM|SAX|Jackson]
[implemented|developed] [logging with Log4j|caching with Ehcache|AOP aspects|exception handling] in
  {jfw}
[worked|participated] in all SDLC phases of a Java/J2EE project [for the {sys}|]
[led|guided] {2-9} Java developers [on the {sys}|in sprint work|]
[developed|built] user interfaces with [JSP and jQuery|Angular and Spring Boot|GWT|Vaadin]
[exposed|versioned] Java APIs through [API gateways|Swagger|Spring Cloud Gateway|Zuul]
[maintained|supported] a {200-2000} thousand line Java code base for the {sys}
[set up|used] [Eureka|Spring Cloud Config|Hystrix|Consul] for Java microservices
[wrote|tested] Java code for [payment|claims|order|billing] [calculation|processing|validation]
[improved|raised] response time of Java services by {20-80} % [with caching|by tuning queries|]
[developed|extended] [Hybris|ATG|Liferay|AEM] modules in Java
[programmed|created] Android [screens|services] in Java [and the Java back end|]
[configured|managed] [JNDI data sources|connection pools|clusters] on {jsrv}
[modelled|mapped] {20-300} tables to JPA entities
[replaced|rewrote] [stored procedures|a COBOL module|a Struts front end] with {jfw}
[implemented|coded] business rules in Java [with Drools|] for the {sys}
[resolved|analyzed] production tickets of Java applications on {jsrv}
[developed|provided] JAX-RS endpoints for [mobile clients|partners|Angular front ends]
[parsed|transformed] [XML|JSON|EDI] messages in Java with [JAXB|Jackson|Camel routes]
[joined|took part in] agile Java development with [pair programming|TDD|two-week sprints]
[created|ran] [load tests with JMeter|integration tests with RestAssured|Cucumber tests] of Java
  services
[automated|streamlined] builds of Java projects in [Jenkins|Bamboo|GitLab CI]
[trained|mentored] {1-6} new hires in [Core Java|Spring|Hibernate]
[ported|moved] Java applications from [WebSphere|WebLogic] to {jsrv}
[developed|coded] server-side Java with [Servlets|EJB|{jfw}] and [Oracle|DB2|PostgreSQL]
[delivered|released] {3-30} versions of a Java [product|library|platform] with [Maven|Nexus|Git]
[designed|built] event-driven Java services with [Kafka|Axon|Vert.x|Spring Cloud Stream]
""",
)
