using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Report.Run;

/// <summary>Disagreements between the two pairings, counted again by hand.</summary>
public sealed class PairingSectionTests
{
    [Test]
    public void CountsAreThoseOfThePathAndTheBytes()
    {
        using var corpus = new SmallCorpus(10, "mpt");
        (RunInput input, _) = corpus.Align("fusion");
        AlignmentMethod[] methods = AlignmentMethod.All(input.Options, hasLogSumExp: true);
        var pass = new MethodPass(input, methods);
        var comparison = new PairingComparison();
        List<MethodDocument> documents = [];
        pass.Run(Corpus.Sampling.DocumentSample.Draw(input.Readers, 1, 1, 100), documents.Add, static (_, _) => { }, CancellationToken.None);
        documents.ForEach(comparison.Add);
        PairingSection section = comparison.ToSection();
        (long tokens, long differ) = Counted(documents);
        Assert.That((section.Documents, section.OtherTexts, section.Tokens, section.Differ), Is.EqualTo((10, 0, tokens, differ)));
        Assert.That(section.Share, Is.EqualTo(differ / (double)tokens).Within(1e-12));
        Assert.That((section.Kinds.Sum(static k => k.Tokens), section.Kinds.Sum(static k => k.Differ)), Is.EqualTo((tokens, differ)));
        Assert.That(section.Kinds.Select(static k => k.Tokens), Has.All.GreaterThan(0), "the texts have every kind");
        Assert.That(section.Examples, Has.Count.InRange(1, 10));
        Assert.That(section.Examples.Select(static e => e.Document), Is.Unique);
        Assert.That(section.Examples, Has.All.Matches<PairingExample>(static e => e!.Warped != e.Bytes));
    }

    /// <summary>Byte partners by comparing every pair of spans; the path's as the pairing says, which other tests hold to the official code.</summary>
    private static (long Tokens, long Differ) Counted(List<MethodDocument> documents)
    {
        long tokens = 0, differ = 0;
        foreach (MethodDocument document in documents)
        {
            (int Start, int End)[] source = Spans(document.Pair.Source, document.Vocabularies.Source), target = Spans(document.Pair.Target, document.Vocabularies.Target);
            for (int t = 0; t < target.Length; t++)
            {
                int[] partners = [.. Enumerable.Range(0, source.Length).Where(s => source[s].Start < target[t].End && target[t].Start < source[s].End)];
                if (partners.Length == 0)
                    continue;
                tokens++;
                Rules.TokenPairing warped = document.Pairings[PairingRule.DtwTexts]!;
                differ += (warped.FirstOf(t), warped.LastOf(t)) == (partners[0], partners[^1]) ? 0 : 1;
            }
        }

        return (tokens, differ);
    }

    private static (int Start, int End)[] Spans(TokenizedDocument document, TokenVocabulary vocabulary)
    {
        var spans = new (int, int)[document.Length];
        int end = 0;
        bool first = true;
        for (int t = 0; t < spans.Length; t++)
        {
            int length = vocabulary.Bytes[document.Ids[t]].Length;
            if (length > 0 && first && vocabulary.AddsDummyPrefix && vocabulary.Bytes[document.Ids[t]][0] == ' ')
                length--;
            first &= vocabulary.Bytes[document.Ids[t]].Length == 0;
            spans[t] = (end, end + length);
            end += length;
        }

        return spans;
    }
}
