import type { LinkReport } from '../../core/diagnosis.ts';
import { asPassportError } from '../../core/errors.ts';
import { explain } from '../../core/knownRefusals.ts';
import { abandonable } from '../../core/singleFlight.ts';
import { broken, type CheckContext, type DoctorLink, type Finding } from './link.ts';

/**
 * Checks links in their order and stops at the first broken one. A link that takes too long is not judged, and none after it: what they
 * would find could be its doing.
 * @param progress hears the title of each link before it is checked
 * @throws the reason of the context's signal
 */
export async function runChain(
  links: readonly DoctorLink[],
  context: CheckContext,
  progress: (title: string) => void,
): Promise<readonly LinkReport[]> {
  const reports: LinkReport[] = [];
  let stopped: string | undefined;
  for (const link of links) {
    const { id, title } = link;
    if (stopped !== undefined) {
      reports.push({ id, title, state: 'notChecked', facts: [], reason: stopped });
      continue;
    }
    progress(title);
    const finding = await judged(link, context);
    reports.push(reported(link, finding ?? late(link), context));
    if (!finding) stopped = `"${title}" had no answer, and may be the reason for what comes after it.`;
    else if (finding.state === 'broken') stopped = `The chain is broken before it, at "${title}".`;
  }
  return reports;
}

/** Undefined where the time was not enough. */
async function judged(link: DoctorLink, context: CheckContext): Promise<Finding | undefined> {
  const { signal } = context;
  signal.throwIfAborted();
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), link.seconds * 1000);
  const either = AbortSignal.any([signal, limit.signal]);
  try {
    return await abandonable(link.check({ ...context, signal: either }), either);
  } catch (thrown) {
    signal.throwIfAborted();
    return limit.signal.aborted ? undefined : broken(asPassportError(thrown));
  } finally {
    clearTimeout(timer);
  }
}

function late({ seconds }: DoctorLink): Finding {
  return { state: 'notChecked', facts: [], reason: `There was no answer within ${seconds} seconds.` };
}

function reported({ id, title }: DoctorLink, finding: Finding, { notes, deps }: CheckContext): LinkReport {
  const { state, facts } = finding;
  if (finding.state === 'ok') return { id, title, state, facts };
  if (finding.state === 'notChecked') return { id, title, state, facts, reason: finding.reason };
  const error = finding.error.facts();
  const explanation = explain(error, { ...notes.known, ...finding.known }, deps.translated);
  return { id, title, state, facts, error, explanation };
}
