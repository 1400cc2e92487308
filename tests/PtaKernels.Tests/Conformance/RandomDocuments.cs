using PtaKernels.Cli.Verify.Random;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

/// <summary>Random documents with the views that oracles take.</summary>
internal sealed class RandomDocuments
{
    /// <inheritdoc cref="DrawnDocuments(int, int, bool, int)"/>
    public RandomDocuments(int seed, int count, bool repaired = false)
    {
        var drawn = new DrawnDocuments(seed, count, repaired);
        PlainVocabulary source = PlainOf(drawn.Source), target = PlainOf(drawn.Target);
        Vocabularies = new VocabularyPair(drawn.Source.Vocabulary, drawn.Target.Vocabulary)
        {
            TargetEncoder = new LongestToken(drawn.Target.Vocabulary),
            Embeddings = DrawnEmbeddings.Draw(new Random(seed), drawn.Source.Vocabulary.Count, drawn.Target.Vocabulary.Count, TokenEmbeddings.Block * (1 + (seed % 3))),
        };
        Documents = [.. drawn.Pairs.Zip(drawn.Views, (pair, views) => (pair, PlainOf(source, views.Source), PlainOf(target, views.Target)))];
    }

    public VocabularyPair Vocabularies { get; }

    public (DocumentPair Pair, PlainSide Source, PlainSide Target)[] Documents { get; }

    private static PlainVocabulary PlainOf(DrawnTokenizer tokenizer) => new(
        [.. tokenizer.Bytes], [.. tokenizer.Roles.Select((roles, id) => PlainOf(tokenizer, roles, id))], tokenizer.DummyPrefix);

    private static PlainToken PlainOf(DrawnTokenizer tokenizer, TokenRoles roles, int id)
    {
        if (roles.HasFlag(TokenRoles.Hole))
            return new PlainToken([], Hole: true);
        if (!roles.HasFlag(TokenRoles.Special))
            return new PlainToken(TextOracle.Symbols(tokenizer.Bytes[id]));
        string letters = roles.HasFlag(TokenRoles.Bos) ? "b" : roles.HasFlag(TokenRoles.Eos) ? "e" : roles.HasFlag(TokenRoles.Unk) ? "u" : "";
        return new PlainToken([.. tokenizer.Strings[id]!.Select(static c => (int)c)], Special: true, letters);
    }

    private static PlainSide PlainOf(PlainVocabulary vocabulary, DrawnView view) =>
        new(vocabulary, view.Ids, view.Spans, view.Text, view.SpansGiven, view.Candidates, view.Logits, view.LogSumExp);
}
