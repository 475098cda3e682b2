"""Words of Python developers."""

from resumebert.data.sample.banks.role import make_role

PYTHON_DEVELOPER = make_role(
    "Python_Developer",
    exact="""
Python Developer; PYTHON DEVELOPER; python developer; Sr. Python Developer; Python Software
Developer; Python/Django Developer; Python Web Developer; Full Stack Python Developer
""",
    titles="""
Python Engineer; Django Developer; Python Programmer; Python Backend Engineer; Python Software
Engineer; Backend Developer (Python); Flask Developer; Python Data Engineer; Python/AWS Developer;
Python Consultant; Python Automation Engineer; Python Application Developer; Python API Developer;
Python Developer / Data Engineer; Software Engineer (Python); Python & SQL Developer; Python/ETL
Developer; Python Full-Stack Engineer
""",
    vague="""
Consultant; Technical Consultant; Software Consultant; Data Engineer; Backend Developer; Technology
Analyst; Software Engineer; Research Programmer
""",
    skills="""
Python; Python 3; Python 2.7; Django; Django REST Framework; Flask; FastAPI; Pyramid; Tornado;
Celery; SQLAlchemy; Alembic; pandas; NumPy; SciPy; scikit-learn; matplotlib; TensorFlow; PyTorch;
Jupyter; pytest; unittest; nose; Selenium with Python; BeautifulSoup; Scrapy; Requests; boto3; AWS
Lambda; Airflow; PySpark; asyncio; Gunicorn; uWSGI; Jinja2; virtualenv; pip; conda; PyCharm; PyQt;
wxPython; PostgreSQL; MySQL; MongoDB; Redis; RabbitMQ; Docker; Jenkins; Git; Linux; REST APIs;
GraphQL; Pylint; mypy; Fabric; Plotly Dash; Snowflake; JavaScript; HTML and CSS; React; Pydantic;
poetry; OpenCV
""",
    focus="""
Python development; Python and Django; Flask and REST APIs in Python; Python back ends; Python
automation and scripting; data pipelines in Python; pandas and NumPy; Python web applications;
Python on AWS; object-oriented Python; design and development of Python applications
""",
    certificates="""
PCEP Certified Entry-Level Python Programmer; PCAP Certified Associate in Python Programming;
PCPP1; AWS Certified Developer; Python for Everybody certificate; Data Engineering with Python
certificate
""",
    slots={
        "pyfw": """
Django; Flask; FastAPI; Django REST Framework; Pyramid; Tornado; Python; Python 3; Python and Flask;
Python and Django; asyncio
""",
        "pylib": """
pandas; NumPy; SQLAlchemy; PySpark; Celery; BeautifulSoup; Scrapy; boto3; scikit-learn; Requests;
lxml; matplotlib; openpyxl; Paramiko
""",
    },
    duties="""
[developed|built|designed|wrote] [REST APIs|web services|back ends] [in|with] {pyfw} for the {sys}
[wrote|maintained] Python scripts [with|using] {pylib} to [clean|load|merge|validate|report on]
  {sys} data
[automated|scripted] [reports|file transfers|deployments|invoice checks|regression tests] in Python,
  saving {2-30} hours a week
[created|designed] Django [models|views|templates|forms|admin pages] for the {sys}
[developed|scheduled] data pipelines in Python with [Airflow|Celery|PySpark|Luigi],
  [processing|loading] {2-90} million rows a day
[tested|covered] Python code with [pytest|unittest|nose|tox], [reaching {70-98} % coverage|]
[scraped|crawled] {20-900} [web sites|portals|product pages] with [Scrapy|BeautifulSoup|Selenium]
[migrated|ported] {20-400} modules from Python 2.7 to Python 3
[used|applied] pandas and NumPy for [data analysis|forecasting|time series|reconciliation]
[implemented|added] [authentication|caching|full-text search|pagination] in {pyfw}
[deployed|hosted] Python applications on [AWS Lambda|EC2 with Gunicorn|Heroku|Docker|Kubernetes]
[trained|deployed] [machine learning|scikit-learn|TensorFlow] models behind a [Flask|FastAPI]
  service
[wrote|designed] SQLAlchemy models and [Alembic migrations|queries] for [PostgreSQL|MySQL|Oracle]
[developed|built] [dashboards|data tools|internal portals] in [Plotly Dash|Django|Streamlit|Flask]
[parsed|converted] [XML|JSON|CSV|PDF|log] files with Python [and {pylib}|]
[built|maintained] AWS automation with boto3 [for {20-900} instances|and Lambda|]
[created|published] reusable Python packages [on an internal PyPI|with poetry|for {3-20} teams]
[refactored|optimised] Python code [with NumPy|with Cython|with multiprocessing|], running {2-60}
  times faster
[designed|developed] asynchronous services with [asyncio|Tornado|aiohttp|Celery and RabbitMQ]
[integrated|connected] [Stripe|Salesforce|Twilio|SAP|payment] APIs into {pyfw} applications
[debugged|fixed] [defects|memory growth|slow queries|encoding bugs] in Python [services|code]
[developed|coded] GUI tools in [PyQt|wxPython|Tkinter] for [lab staff|test engineers|planners]
[wrote|extended] Python test frameworks with [Selenium|Robot Framework|pytest fixtures|Behave]
[worked|participated] in all phases of Python development for the {sys}
[reviewed|linted] Python code of {2-12} developers [with Pylint|against PEP 8|]
[developed|delivered] a {pyfw} application [serving {2-90} thousand users|for the {sys}]
[containerised|packaged] Python services with Docker and [Jenkins|GitLab CI|GitHub Actions]
[implemented|built] ETL in Python from [Oracle|S3|FTP|SAP] to [Snowflake|Redshift|PostgreSQL]
[used|wrote] Python [decorators|generators|context managers|classes] and [type hints|OOP] in {pyfw}
[modelled|analyzed] [sensor|claims|sales|traffic] data with {pylib} and {pylib}
[created|rendered] [Jinja2 templates|HTML pages|AJAX views] for {pyfw} sites
[designed|documented] API endpoints with [OpenAPI|Swagger|Django REST Framework] in Python
[built|tuned] Celery [workers|task queues] with [Redis|RabbitMQ] for the {sys}
[developed|wrote] image processing in Python with [OpenCV|Pillow|scikit-image]
[developed|launched] chatbots and [Slack tools|NLP services] in Python with [spaCy|NLTK|Flask]
[maintained|supported] a {20-300} thousand line Python code base [on Linux|for the {sys}|]
[led|mentored] {2-8} Python developers [on the {sys}|in Django|]
[replaced|rewrote] [Perl scripts|Excel macros|shell jobs|a PHP site] with Python [and {pylib}|]
[monitored|profiled] Python services with [Sentry|cProfile|New Relic|Datadog]
[generated|produced] [Excel|PDF|statistical] reports from Python with {pylib}
[exposed|served] {sys} data through [GraphQL with Graphene|a Flask API|FastAPI]
[stored|cached] [session data|documents|results] in [MongoDB|Redis|Elasticsearch] from Python
[handled|managed] [packaging|dependencies|environments] with [pip|conda|virtualenv|poetry]
[developed|programmed] network automation in Python with [Netmiko|Paramiko|NAPALM]
[implemented|simulated] [pricing models|optimisation|Monte Carlo runs] in Python and {pylib}
[wrote|scheduled] Python jobs [on Airflow|with cron|in AWS Glue] for [billing|the {sys}|reporting]
[created|maintained] Jupyter notebooks [for analysts|on {sys} data] with pandas
[built|extended] the [admin|search|reporting|booking] module of a Django [site|application]
[joined|worked in] an agile team of {4-12} building the {sys} in [Python|Django|Flask]
[improved|reduced] API latency of {pyfw} services by {20-80} % [with Redis|with better queries|]
""",
)
