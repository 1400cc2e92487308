namespace PtaKernels.Text;

/// <summary>A tokenizer: UTF-8 text in, the ids and byte spans of its tokens out, and back. Immutable; any number of threads may use one.</summary>
/// <remarks>No token is added at either end: a caller that wants the begin or end of a sequence puts <see cref="Bos"/> or <see cref="Eos"/> there itself.</remarks>
public abstract class TextEncoder : IFirstToken
{
    /// <summary>Takes the vocabulary.</summary>
    /// <param name="vocabulary">The tokens.</param>
    private protected TextEncoder(TokenVocabulary vocabulary)
    {
        Vocabulary = vocabulary;
        Bos = FirstWith(TokenRoles.Bos);
        Eos = FirstWith(TokenRoles.Eos);
    }

    /// <summary>Reads a tokenizer: the files and folders that <see cref="VocabularyFile.Read"/> takes, apart from our own JSON, which holds tokens only.</summary>
    /// <param name="path">A file or a folder.</param>
    /// <exception cref="AlignmentDataException">The file is missing, damaged, none of the formats, or a tokenizer of a kind that is not supported; the message says which.</exception>
    public static TextEncoder Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using VocabularyFile.Opened opened = VocabularyFile.Open(path);
        return Read(opened);
    }

    /// <summary>Reads a tokenizer from a file that was opened already.</summary>
    internal static TextEncoder Read(VocabularyFile.Opened opened) => opened.Kind switch
    {
        VocabularyFile.Kind.SentencePiece => SentencePieceEncoder.Read(opened.File, opened.Content),
        VocabularyFile.Kind.Tiktoken => TiktokenRanks.ReadEncoder(opened.File, opened.Content),
        VocabularyFile.Kind.HuggingFace => HuggingFaceEncoder.Read(opened.Json!.Root),
        VocabularyFile.Kind.BytePairs => BytePairVocabulary.ReadEncoder(opened.Json!.Root),
        _ => throw new AlignmentDataException(
            $"{opened.File}: holds tokens, not how text is cut into them; expected the tokenizer itself: a .model, tokenizer.json, vocab.json with merges.txt, or .tiktoken."),
    };

    /// <summary>The tokens.</summary>
    public TokenVocabulary Vocabulary { get; }

    /// <summary>The token that begins a sequence, or null.</summary>
    public int? Bos { get; }

    /// <summary>The token that ends a sequence, or null.</summary>
    public int? Eos { get; }

    /// <summary>Encodes one text.</summary>
    /// <param name="utf8">The text; a byte that belongs to no character is read as U+FFFD.</param>
    /// <returns>Its tokens, and their byte spans in <paramref name="utf8"/> (SPEC A3.1).</returns>
    public abstract EncodedText Encode(ReadOnlySpan<byte> utf8);

    /// <inheritdoc/>
    public abstract int? FirstToken(ReadOnlySpan<byte> text);

    /// <summary>The text of some tokens, as the tokenizer's own decoder has it: special tokens left out, the space put before the text taken away.</summary>
    /// <param name="ids">The tokens.</param>
    /// <returns>UTF-8, as far as the tokens are.</returns>
    /// <exception cref="ArgumentException">An id has no token.</exception>
    public abstract byte[] Decode(ReadOnlySpan<int> ids);

    /// <summary>Encodes a document as a sequence: its tokens, with the begin and the end of a sequence around them.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="begin">Put <see cref="Bos"/> first, where the tokenizer has one.</param>
    /// <param name="end">Put <see cref="Eos"/> last, where the tokenizer has one.</param>
    /// <returns>The tokens; the added ones have empty spans at the ends of the text.</returns>
    public EncodedText EncodeSequence(ReadOnlySpan<byte> utf8, bool begin, bool end)
    {
        EncodedText text = Encode(utf8);
        int[] first = begin && Bos is { } bos ? [bos] : [], last = end && Eos is { } eos ? [eos] : [];
        if (first.Length + last.Length == 0)
            return text;
        (int, int)[] before = [.. first.Select(static _ => (0, 0))];
        int length = utf8.Length;
        (int, int)[] after = [.. last.Select(_ => (length, length))];
        return new EncodedText([.. first, .. text.Ids, .. last], [.. before, .. text.Spans, .. after]);
    }

    private int? FirstWith(TokenRoles role)
    {
        for (int id = 0; id < Vocabulary.Count; id++)
        {
            if (Vocabulary.HasToken(id) && (Vocabulary.RolesOf(id) & role) != 0)
                return id;
        }

        return null;
    }
}

/// <summary>A text's tokens.</summary>
/// <param name="Ids">[length] token ids.</param>
/// <param name="Spans">[length] byte span of each in the text: contiguous, from 0 to its end; empty for inserted characters (SPEC A3.1).</param>
public sealed record EncodedText(int[] Ids, (int Start, int End)[] Spans)
{
    /// <summary>Number of tokens.</summary>
    public int Length => Ids.Length;
}
