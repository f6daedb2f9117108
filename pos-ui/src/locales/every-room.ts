// Every room's texts at once, for tests and the gallery, which show parts of all pages.
import './customer'
import './devices'
import './find'
import './keys'
import './kiosk'
import './operator'
import './rights'
import './tender'
