/** The panel and the card's inside, one module. */
import "./card/view";
import "./panel/panel";
