// What axe has to say of a page.

import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from './nigh.ts'

/** Every violation, with the element and how to mend it; shadow roots are looked into. */
export async function violations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`))
}
