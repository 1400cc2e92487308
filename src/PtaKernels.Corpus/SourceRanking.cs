using PtaKernels.Alignment;
using PtaKernels.Rules;

namespace PtaKernels.Corpus;

/// <summary>Which source is the better one, over a whole corpus (SPEC A3.5).</summary>
internal sealed class SourceRanking(TokenVocabulary target, IReadOnlyList<AlignmentSource> sources, OnError onError, Action<string>? notice)
{
    /// <summary>Sources by corpus bits per UTF-8 byte, best first, ties by listing; listing order where the input holds no cross-entropies.</summary>
    public int[] Order(CorpusDocuments documents, in AlignmentOptions options, CancellationToken cancellation)
    {
        int[] listed = [.. Enumerable.Range(0, sources.Count)];
        if (listed.Length == 1 || options.Output == OutputUnit.Official)
            return listed;
        double[] bits = new double[listed.Length];
        long bytes = 0, unscored = 0;
        foreach (IDocumentRecord[] records in documents.All())
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                TokenizedDocument own = records[0].Parse();
                double?[] all = [.. records.Skip(1).Select(static r => SourceScores.BitsOf(r.Parse()))];
                if (Array.Exists(all, static b => b is null))
                {
                    notice?.Invoke("the input holds no label cross-entropies (metric_ce or per_step_metric_ce): sources are taken in the order given.");
                    return listed;
                }

                if (!own.Ids.All(target.HasToken))
                    continue; // reported where the document is aligned
                if (!Array.TrueForAll(all, static b => double.IsFinite(b!.Value)))
                {
                    unscored++;
                    continue;
                }

                bytes += DocumentSpans.Of(own, target).TextLength;
                for (int s = 0; s < bits.Length; s++)
                    bits[s] += all[s]!.Value;
            }
            catch (AlignmentDataException e) when (onError == OnError.Quarantine || e.Document is not null)
            {
                // Reported, with its line and its reason, where the document is aligned.
            }
        }

        int[] order = [.. listed.OrderBy(s => bits[s])];
        notice?.Invoke("source order by bits per byte: " + string.Join(", ", order.Select(s => $"{sources[s].Name} {bits[s] / Math.Max(1, bytes):F3}"))
            + (unscored == 0 ? "." : $", without {unscored} document{(unscored == 1 ? "" : "s")} whose cross-entropies are not finite."));
        return order;
    }
}
