/**
 * Defines a custom element unless its name is taken: a second version of this module, after an
 * update without a reload, must not throw.
 */
export function element(name: string) {
  return (constructor: CustomElementConstructor): void => {
    if (!customElements.get(name)) customElements.define(name, constructor);
  };
}
