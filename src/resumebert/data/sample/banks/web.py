"""Words of web developers."""

from resumebert.data.sample.banks.role import make_role

WEB_DEVELOPER = make_role(
    "Web_Developer",
    exact="""
Web Developer; WEB DEVELOPER; web developer; Freelance Web Developer; Web Application Developer; Web
Developer II; Full Stack Web Developer; Web Programmer
""",
    titles="""
Full Stack Developer; Full-Stack Developer; PHP Developer; WordPress Developer; Drupal Developer;
Web Engineer; Webmaster; Web Designer / Developer; Magento Developer; ASP.NET Web Developer; Full
stack engineer; LAMP Developer; Web Site Developer; MEAN Stack Developer; Laravel Developer;
E-commerce Web Developer; Node.js Developer; Shopify Developer; Web Applications Engineer; Website
Administrator; Ruby on Rails Web Developer; MERN Developer; Web Content Developer
""",
    vague="""
Freelancer; Consultant; Digital Specialist; Technical Consultant; Online Specialist; Digital
Producer; Multimedia Specialist; Developer
""",
    skills="""
PHP; Laravel; CodeIgniter; Symfony; WordPress; Drupal; Joomla; Magento; WooCommerce; Shopify; HTML5;
CSS3; JavaScript; jQuery; AJAX; Bootstrap; MySQL; Node.js; Express; MongoDB; LAMP; MEAN stack; MERN
stack; ASP.NET MVC; Web API; Ruby on Rails; Apache; Nginx; cPanel; phpMyAdmin; REST APIs; JSON; XML;
Composer; npm; Git; GitHub; SEO; Google Analytics; responsive web design; Photoshop; Dreamweaver;
Sass; web hosting; DNS setup; PayPal and Stripe checkout; content management systems; session
security; web accessibility; PostgreSQL; SQLite; Heroku; Firebase; Netlify; Contentful; ColdFusion;
e-mail templates; web forms; cross-browser testing; React; Vue.js; GraphQL; website maintenance;
Twig
""",
    focus="""
web development; PHP and MySQL web sites; full stack web development; WordPress and Drupal sites;
web applications; LAMP stack development; e-commerce web sites; building and maintaining websites;
Node.js and MongoDB; content management systems; designing and coding web sites; ASP.NET web
applications
""",
    certificates="""
Full Stack Web Development bootcamp; Zend Certified PHP Engineer; Acquia Certified Drupal Developer;
freeCodeCamp Full Stack certificate; Google Analytics Certification; Magento Certified Developer;
CIW Web Development Professional
""",
    slots={
        "webfw": """
PHP; Laravel; WordPress; Drupal; Node.js and Express; ASP.NET MVC; Ruby on Rails; CodeIgniter;
Symfony; the MEAN stack; the MERN stack; PHP and MySQL; ColdFusion; Joomla
""",
        "webp": """
[web site|website|web portal|online shop|web application|intranet site|landing page|booking site|
membership site|e-commerce site|customer portal|CMS|microsite]
""",
    },
    duties="""
[developed|built|designed|launched] [a|a responsive|a bilingual|a new] {webp} [in|with] {webfw} for
  [the {sys}|{2-60} clients|a local business]
[maintained|updated|redesigned] [{2-60} websites|the company website|a corporate {webp}] [in|with]
  {webfw}
[coded|customised] WordPress [themes|plugins|page builders] for {3-90} [sites|clients]
[integrated|added] [PayPal|Stripe|payment gateways|shipping APIs|Google Maps] [to|into] [an online
  shop| the {webp}]
[migrated|moved] {2-50} sites [from Joomla to WordPress|to new hosting|to Drupal 8|to HTTPS]
[wrote|developed] [server-side code|back-end code|web services] in [PHP|Node.js|Laravel|ASP.NET]
  with [MySQL|MongoDB|SQL Server] databases
[created|programmed] [web forms|dynamic pages|shopping carts|log-in areas] with [PHP and
  AJAX|jQuery| JavaScript|ASP.NET]
[improved|raised] page load [speed|time] by {20-80} % [with caching|with a CDN|by compressing
  images]
[optimised|optimized] websites for [search engines|SEO|mobile devices|conversion], [lifting traffic
  {10-200} %|]
[managed|configured] [web hosting|domains and DNS|cPanel accounts|Apache and Nginx] for {5-120}
  sites
[built|published] full stack web applications with [React and Node.js|Vue and Laravel|Angular and
  Express|Rails]
[designed|normalised] MySQL databases for [the {webp}|{2-30} web applications]
[converted|turned] [PSD mock-ups|Figma designs|client ideas] into working [websites|WordPress
  sites|web pages]
[developed|extended] [Magento|WooCommerce|Shopify] stores with {100-9000} products
[fixed|tested] [cross-browser problems|broken links|web defects|PHP errors] on [client websites|the
  {webp}]
[met|worked] with clients to [plan|quote|scope] their [website|web shop|online presence]
[trained|taught] {3-60} [editors|clients|staff] to update their website content [in WordPress|in
  Drupal|]
[secured|cleaned] websites against [SQL injection|XSS|spam|hacked plugins]
[created|maintained] REST [APIs|endpoints] in [Laravel|Express|ASP.NET Web API] for the {webp}
[developed|wrote] Drupal [modules|views|content types] for the {sys}
[produced|coded] HTML [newsletters|e-mail templates] and landing pages for {5-90} campaigns
[monitored|analyzed] web traffic with Google Analytics and [reported|suggested] changes
[posted|managed] web content, [images and forms|news and events|product pages] in [a CMS|WordPress|
  SharePoint|Drupal]
[built|implemented] [user registration|search|calendar|blog|gallery] features for a {webp}
[deployed|released] web applications with [Git|FTP|Jenkins|Docker] to [AWS|DigitalOcean|Heroku]
[rebuilt|modernised] an old [ASP|ColdFusion|Flash|table-based] site in {webfw}
[used|applied] HTML, CSS, JavaScript and [PHP|MySQL|jQuery] to [build|maintain] the {webp}
[administered|served as webmaster of] [the {webp}|a university website|{2-20} department sites]
[developed|consumed] [XML feeds|JSON web services|third-party APIs] on a {webp}
[led|coordinated] a web team of {2-9} [developers|designers and developers]
[freelanced|worked] for {5-60} small businesses building [websites|web shops|WordPress sites]
[created|maintained] MVC web applications in [Laravel|CodeIgniter|ASP.NET MVC|CakePHP|Rails]
[wrote|tested] [PHPUnit|Mocha|Selenium] tests of web [applications|features]
[automated|set up] [backups|deployments|staging sites] of {5-80} websites
[implemented|introduced] web accessibility ([WCAG 2.0|Section 508|ADA]) on the {webp}
[estimated|quoted] web projects and [wrote|presented] site maps and [wireframes|proposals]
[developed|delivered] a multi-language {webp} in {webfw} with {2-9} languages
[supported|handled] website tickets of {10-200} clients [by phone and e-mail|within a day|]
[designed|drew] web [graphics|banners|layouts|icons] in [Photoshop|Figma|Illustrator]
[set up|installed] [WordPress multisite|LAMP servers|SSL certificates|web servers] for {3-60} sites
[connected|synchronised] the {webp} with [a CRM|inventory|SAP|Mailchimp|Salesforce]
[created|programmed] interactive web pages with [JavaScript|jQuery|AJAX|D3] for the {sys}
[participated|took part] in web development sprints [using Jira|with {3-12} colleagues]
[refactored|rewrote] PHP code of a {webp} to [MVC|PHP 7|Laravel]
[managed|ran] the full life cycle of website projects, from [quote|design] to [launch|maintenance]
[wrote|maintained] stored procedures and queries behind [web reports|the {webp}]
[evaluated|selected] [CMS products|plugins|hosting providers] for web projects
[developed|added] single sign-on, [roles|user profiles] and [sessions|permissions] to a web portal
[increased|doubled] online [sales|sign-ups|bookings] by {10-90} % after a website redesign
[documented|standardised] web [coding rules|templates|deployment steps]
""",
)
