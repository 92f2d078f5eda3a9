/** The pages that are not needed to play: a module of their own (see panel/load-pages.ts). */
import "./exports";
import "./overview";
import "./recordings";
import "./storage";
import "./sync";
