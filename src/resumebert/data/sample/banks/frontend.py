"""Words of front-end developers."""

from resumebert.data.sample.banks.role import make_role

FRONT_END_DEVELOPER = make_role(
    "Front_End_Developer",
    exact="""
Front End Developer; Front-End Developer; Frontend Developer; front end developer; FRONT END
DEVELOPER; Front-end Developer; Front End Web Developer; Front- End Developer
""",
    titles="""
UI Developer; Front End Engineer; Frontend Engineer; React Developer; Angular Developer; UI
Engineer; Front-End Software Engineer; UI/UX Developer; JavaScript Developer; ReactJS Developer;
Front End UI Developer; AngularJS Developer; Vue.js Developer; User Interface Developer; Front-End
Designer; HTML/CSS Developer; React Front End Engineer; Javascript Front-End Engineer; React.js
Engineer; UI Front-end Consultant
""",
    vague="""
Consultant; Digital Developer; Creative Technologist; Interface Specialist; Technical Consultant;
Interactive Developer; Developer
""",
    skills="""
HTML5; CSS3; JavaScript (ES6); TypeScript; React; ReactJS; Redux; React Hooks; Next.js; Angular;
AngularJS; Angular 8; RxJS; Vue.js; Vuex; Svelte; jQuery; Backbone.js; Ember.js; Knockout.js; Sass;
LESS; Bootstrap; Material UI; Tailwind CSS; styled-components; Flexbox; CSS Grid; responsive design;
cross-browser compatibility; accessibility (WCAG); Webpack; Gulp; Grunt; Babel; npm; Yarn; Jest;
Enzyme; React Testing Library; Jasmine; Karma; Cypress; Protractor; Storybook; Figma; Sketch;
Zeplin; Adobe XD; Photoshop; GraphQL; Apollo Client; AJAX; JSON; DOM manipulation; D3.js; single
page applications; progressive web apps; Chrome DevTools; Lighthouse; BEM; SVG animation; design
systems; pixel-perfect layouts; Git; ESLint; Handlebars
""",
    focus="""
front-end development; user interfaces in React; Angular and TypeScript; single page applications;
responsive user interfaces; HTML, CSS and JavaScript; UI development; React and Redux; component
libraries and design systems; accessible interfaces; front end architecture; pixel-perfect layouts
""",
    certificates="""
Front End Web Developer Nanodegree; freeCodeCamp Responsive Web Design; Meta Front-End Developer
Certificate; JavaScript Algorithms certificate; W3C Front-End certificate; Certified Angular
Developer
""",
    slots={
        "jsfw": """
React; Angular; Vue.js; AngularJS; React and Redux; Angular 7; TypeScript; React and TypeScript;
Backbone.js; Ember.js; jQuery; Next.js; Svelte
""",
        "ui": """
[user interface|dashboard|component library|single page application|form wizard|checkout
  screens|data
grid|navigation|design system|front end|landing screens|settings screens|mobile view]
""",
    },
    duties="""
[developed|built|implemented|coded] [the|a new|a responsive] {ui} [in|with] {jsfw} for the {sys}
[turned|converted|translated] [Figma|Sketch|PSD|Zeplin] designs into
  [pixel-perfect|responsive|reusable] [React components|HTML and CSS|Angular templates|UI
  components]
[created|maintained] {10-200} reusable UI components with {jsfw} [and Storybook|]
[managed|handled] front-end state with [Redux|NgRx|Vuex|MobX|React Context]
[styled|restyled] [screens|pages|components] with [Sass|LESS|Tailwind|styled-components|Bootstrap]
  and [Flexbox|CSS Grid|BEM]
[improved|raised] the Lighthouse score from {30-60} to {80-99} [by lazy loading|by code splitting|]
[fixed|resolved] [cross-browser|IE11|Safari|layout|CSS] bugs in the {ui}
[wrote|automated] front-end tests with [Jest|Enzyme|Jasmine and Karma|Cypress|React Testing Library]
[made|rendered] the {ui} accessible to [WCAG 2.1 AA|screen readers|keyboard users]
[consumed|integrated] [REST APIs|GraphQL queries|JSON services] in the {ui} with [Axios|Apollo|RxJS|
  fetch]
[migrated|upgraded] the front end from [AngularJS|jQuery|Backbone|Angular 5] to {jsfw}
[configured|maintained] [Webpack|Gulp|Grunt|Babel|Vite] builds for front-end code
[developed|designed] single page applications [in|with] {jsfw} [used by {2-90} thousand people|]
[collaborated|worked] with UX designers on [prototypes|interaction details|a style guide|the {ui}]
[built|introduced] a design system with {20-120} components in {jsfw} [for {2-9} teams|]
[reduced|cut] the JavaScript bundle by {20-70} % [with tree shaking|with Webpack|]
[coded|animated] [SVG icons|transitions|charts in D3.js|carousels|infographics] in JavaScript
[created|implemented] responsive layouts for [phones and tablets|mobile, tablet and desktop|kiosks]
[developed|wrote] [directives|services|pipes|guards] in Angular for the {sys}
[used|wrote] React [hooks|higher-order components|routers|portals] and [TypeScript|ES6] in the {ui}
[validated|built] [forms|client-side checks|input masks] with [Formik|Reactive Forms|jQuery
  Validate]
[reviewed|merged] front-end pull requests of {2-10} developers
[led|mentored] {2-8} front-end developers [in React|on the {ui}|]
[prototyped|tested] [interfaces|layouts|micro-interactions] in [Figma|HTML and CSS|CodePen] with
  users
[implemented|supported] internationalisation of the {ui} in {2-15} languages
[optimised|tuned] rendering of [a data grid|long lists|the {ui}] with [memoisation|virtual
  scrolling]
[maintained|enhanced] the front end of the {sys} with [HTML5, CSS3 and JavaScript|jQuery and
  Bootstrap| {jsfw}]
[developed|shipped] micro-frontends [in|with] {jsfw} and [Module Federation|single-spa]
[refactored|replaced] [inline styles|legacy jQuery|old JavaScript] with [modular
  Sass|{jsfw}|TypeScript]
[created|built] dashboards with [D3.js|Highcharts|Chart.js|AG Grid] and {jsfw}
[documented|published] UI components in [Storybook|a style guide|npm packages]
[manipulated|updated] the DOM with [jQuery|vanilla JavaScript|AJAX calls] for [dynamic pages|the
  {ui}]
[tested|debugged] user interfaces in [Chrome DevTools|BrowserStack|Firefox and Edge]
[introduced|enforced] [ESLint|TypeScript|Prettier|CSS naming rules] in {2-12} front-end repositories
[designed|sketched] [wireframes|mock-ups|interface flows] and [coded|built] them in {jsfw}
[implemented|added] [dark mode|drag and drop|infinite scroll|autocomplete|offline mode] in the {ui}
[ran|evaluated] A/B tests of the {ui}, [lifting conversion {3-40} %|with {2-9} variants]
[delivered|released] UI features every [sprint|two weeks] in an agile team
[built|coded] HTML5 [banners|e-mails|templates|games] with [CSS animations|Canvas|GSAP]
[connected|bound] the {ui} to [WebSockets|Firebase|a GraphQL gateway|back-end services]
[developed|maintained] Handlebars and [Mustache|EJS|Pug] templates for the front end
[worked|paired] with back-end developers on [JSON contracts|API design|CORS] for the {ui}
[set up|wrote] end-to-end tests with [Cypress|Protractor|Playwright|Nightwatch] for the {ui}
[owned|rebuilt] the front-end architecture of the {sys} in {jsfw}
[moved|converted] {20-300} JavaScript files to TypeScript
[developed|built] progressive web apps with [service workers|Workbox|{jsfw}]
[followed|applied] [mobile-first|atomic design|W3C] practice in [HTML and CSS|all UI work]
[customised|themed] [Bootstrap|Material UI|Ant Design|Kendo UI] for the {sys}
[measured|improved] [first paint|Core Web Vitals|time to interactive] of the {ui} by {15-70} %
[handled|solved] client-side [routing|caching|error handling] in {jsfw}
""",
)
