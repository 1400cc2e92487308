using PtaKernels.Corpus.Serving;
using PtaKernels.Text;

namespace PtaKernels.Cli.Serve;

/// <summary>The vocabularies of <c>pta serve</c>, by name.</summary>
/// <param name="Source">The source's: a tokenizer, or a <see cref="VocabularyTable"/>.</param>
/// <param name="Target">The target's, likewise.</param>
/// <param name="TargetTokenizer">The tokenizer that a table of the target was made of, or null.</param>
/// <param name="Map">An official map, or null.</param>
internal sealed record VocabularyNames(string Source, string Target, string? TargetTokenizer, string? Map)
{
    /// <summary>The file of embeddings; none where the cost reads none.</summary>
    public IReadOnlyList<string> Embeddings { get; init; } = [];

    /// <summary>Reads them.</summary>
    /// <param name="options">Projection <c>byte</c> needs the target's encoder.</param>
    /// <param name="notice">Told in one sentence that the longest token stands for it.</param>
    /// <exception cref="AlignmentDataException">A file is missing, damaged or of another vocabulary.</exception>
    public VocabularyPair Read(in AlignmentOptions options, Action<string> notice)
    {
        (TokenVocabulary target, IFirstToken? encoder) = ReadTarget(options, notice);
        VocabularyTable? table = VocabularyTable.Recognises(Source) ? VocabularyTable.Read(Source) : null;
        TokenVocabulary source = table?.Vocabulary ?? VocabularyFile.Read(Source);
        VocabularyMap? map = Map is null ? VocabularyTable.MapOf(Source, table?.Map, target) : OfficialMapping.ToMap(OfficialMapping.Read(Map), source, target);
        return new VocabularyPair(source, target, map) { TargetEncoder = encoder, Embeddings = EmbeddingsOption.Open(Embeddings, 0, source, target) };
    }

    private (TokenVocabulary Vocabulary, IFirstToken? Encoder) ReadTarget(in AlignmentOptions options, Action<string> notice)
    {
        if (!VocabularyTable.Recognises(Target))
        {
            return TargetTokenizer is null
                ? VocabularyFile.ReadTarget(Target, options, notice)
                : throw new ArgumentException($"--target-tokenizer belongs to an Arrow file, and --target-vocab {Target} is none: give the tokenizer itself as --target-vocab.");
        }

        TokenVocabulary vocabulary = VocabularyTable.Read(Target).Vocabulary;
        if (options.Projection != ProjectionRule.Byte)
            return (vocabulary, null);
        if (TargetTokenizer is not { } file)
            return (vocabulary, new LongestToken(vocabulary));
        var encoder = TextEncoder.Load(file);
        RequireSameTokens(vocabulary, encoder.Vocabulary, file);
        return (vocabulary, encoder);
    }

    /// <summary>The table may have more tokens, which were added to the tokenizer later; what the encoder answers must mean the same in it.</summary>
    private void RequireSameTokens(TokenVocabulary table, TokenVocabulary tokenizer, string file)
    {
        for (int id = 0; id < tokenizer.Count; id++)
        {
            if (!tokenizer.HasToken(id) || tokenizer.IsSpecial(id))
                continue;
            if (!table.HasToken(id) || !table.Bytes[id].SequenceEqual(tokenizer.Bytes[id]))
                throw new AlignmentDataException($"{file}: its id {id} is \"{tokenizer.Display(id)}\", and in {Target} \"{table.Display(id)}\"; name the tokenizer that the file was made of.");
        }
    }
}
