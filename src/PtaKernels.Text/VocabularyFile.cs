namespace PtaKernels.Text;

/// <summary>A tokenizer's vocabulary from any of the files that tokenizers come in, recognised by content.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>Hugging Face <c>tokenizer.json</c>: byte-level BPE, BPE with markers and byte fallback, Unigram;</item>
/// <item><c>vocab.json</c> with <c>merges.txt</c> beside it: byte-level BPE as GPT-2's;</item>
/// <item>a SentencePiece <c>.model</c>;</item>
/// <item>a tiktoken rank file: of a known encoding, or with its special tokens beside it in <c>NAME.special.json</c>;</item>
/// <item>our own JSON: <c>{"name","class","special","eos_id","tokens":[id → string or null]}</c>.</item>
/// </list>
/// Each of them plain or gzip, or a folder that holds one. Roles of Hugging Face files come from <c>tokenizer_config.json</c>,
/// <c>special_tokens_map.json</c> and <c>added_tokens.json</c> beside them. A gzip stream that was cut off is found only where the host sets
/// System.IO.Compression.UseStrictValidation, as <c>pta</c> does.
/// </remarks>
public static class VocabularyFile
{
    /// <summary>What <see cref="Read"/> takes, for the help of options and for messages.</summary>
    public const string Formats = "tokenizer.json, a folder with it, vocab.json, .model, .tiktoken, or our JSON";

    private const string Merges = "merges.txt";

    /// <summary>The files a folder is searched for, best first: the first one says the most about markers and special tokens.</summary>
    private static readonly string[] InFolder = ["tokenizer.json", "tokenizer.json.gz", "vocab.json", "vocab.json.gz", "*.model", "*.tiktoken"];

    /// <summary>Reads a vocabulary.</summary>
    /// <exception cref="AlignmentDataException">The file is missing, damaged or none of the formats; the message names it, the place in it and what is expected.</exception>
    public static TokenVocabulary Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using Opened opened = Open(path);
        return ReadOpened(opened);
    }

    /// <summary>Reads a target's vocabulary, with its encoder where that is needed; where a file holds tokens only, <see cref="LongestToken"/> stands for it.</summary>
    /// <param name="path">As for <see cref="Read"/>.</param>
    /// <param name="options">Projection <c>byte</c> needs an encoder.</param>
    /// <param name="notice">Told in one sentence that the file holds tokens only.</param>
    /// <exception cref="AlignmentDataException">As for <see cref="Read"/> and <see cref="TextEncoder.Load"/>.</exception>
    public static (TokenVocabulary Vocabulary, IFirstToken? Encoder) ReadTarget(string path, in AlignmentOptions options, Action<string> notice)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(notice);
        if (options.Projection != ProjectionRule.Byte)
            return (Read(path), null);
        using Opened opened = Open(path);
        if (opened.Kind != Kind.Own)
        {
            var encoder = TextEncoder.Read(opened);
            return (encoder.Vocabulary, encoder);
        }

        TokenVocabulary vocabulary = ReadOpened(opened);
        notice($"{path} holds tokens, not how text is cut into them, so the longest token that begins a text stands for its first one; name the tokenizer itself to be exact.");
        return (vocabulary, new LongestToken(vocabulary));
    }

    /// <summary>Reads unpacked content; the path is for messages, the name and the files beside it.</summary>
    internal static TokenVocabulary Parse(string file, byte[] content)
    {
        using Opened opened = Recognise(file, content);
        return ReadOpened(opened);
    }

    /// <summary>Finds a file, unpacks it and says what it is.</summary>
    internal static Opened Open(string path)
    {
        string file = Directory.Exists(path) ? FindIn(path) : path;
        return Recognise(file, VocabularyContent.Read(file));
    }

    private static TokenVocabulary ReadOpened(Opened opened) => opened.Kind switch
    {
        Kind.Own => OwnJsonVocabulary.Read(opened.Json!.Root),
        Kind.HuggingFace => HuggingFaceTokenizer.Read(opened.Json!.Root),
        Kind.BytePairs => BytePairVocabulary.Read(opened.Json!.Root),
        Kind.Tiktoken => TiktokenRanks.Read(opened.File, opened.Content),
        _ => SentencePieceModel.Read(opened.File, opened.Content),
    };

    private static Opened Recognise(string file, byte[] content)
    {
        ReadOnlySpan<byte> text = content.AsSpan().TrimStart(" \t\r\n"u8);
        if (text.IsEmpty)
            throw new AlignmentDataException($"{file}: is empty; expected a vocabulary: {Formats}.");
        if (text.StartsWith("version https://git-lfs"u8))
            throw new AlignmentDataException($"{file}: is a Git LFS pointer, not the file it stands for; fetch that with git lfs pull.");
        if (text[0] == '{')
            return RecogniseJson(file, content);
        if (TiktokenRanks.Recognises(content) || VocabularyContent.HasExtension(file, ".tiktoken"))
            return new Opened(file, content, Kind.Tiktoken, null);
        if (SentencePieceModel.Recognises(content))
            return new Opened(file, content, Kind.SentencePiece, null);
        if (text.StartsWith("#version"u8))
            throw new AlignmentDataException($"{file}: holds merges, not tokens; name the vocab.json beside it.");
        throw new AlignmentDataException($"{file}: starts like none of the vocabulary formats; expected {Formats}.");
    }

    private static string FindIn(string folder)
    {
        foreach (string pattern in InFolder)
        {
            string[] found = FilesOf(folder, pattern);
            if (found.Length > 1)
                throw new AlignmentDataException($"{folder}: holds {found.Length} files {pattern}; name the one that is meant.");
            if (found.Length == 1)
                return found[0];
        }

        throw new AlignmentDataException($"{folder}: holds no vocabulary; expected tokenizer.json, vocab.json with {Merges}, a .model or a .tiktoken in it.");
    }

    private static string[] FilesOf(string folder, string pattern)
    {
        try
        {
            return Directory.GetFiles(folder, pattern);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AlignmentDataException($"{folder}: {e.Message}; expected a folder with a vocabulary.", e);
        }
    }

    private static Opened RecogniseJson(string file, byte[] content)
    {
        JsonFile json = JsonFile.Parse(file, content);
        JsonPlace root = json.Root;
        // A vocab.json may well have tokens named "tokens" and "model", but those are ids.
        if (root.Find("tokens") is { IsArray: true })
            return new Opened(file, content, Kind.Own, json);
        if (root.Find("model") is { IsObject: true })
            return new Opened(file, content, Kind.HuggingFace, json);
        if (BytePairVocabulary.Recognises(root))
            return new Opened(file, content, Kind.BytePairs, json);
        json.Dispose();
        throw new AlignmentDataException(
            $"{file}: is JSON without tokens (our form), model (tokenizer.json) or ids of strings (vocab.json); expected one of the three.");
    }

    /// <summary>The formats.</summary>
    internal enum Kind
    {
        Own,
        HuggingFace,
        BytePairs,
        Tiktoken,
        SentencePiece,
    }

    /// <summary>A file, unpacked and recognised; parsed as well where it is JSON.</summary>
    internal sealed record Opened(string File, byte[] Content, Kind Kind, JsonFile? Json) : IDisposable
    {
        public void Dispose() => Json?.Dispose();
    }
}
