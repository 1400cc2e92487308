using System.IO.Compression;
using System.Text;
using PtaKernels.Cli.Bench;
using PtaKernels.Cli.Verify;
using PtaKernels.Demo;
using PtaKernels.Text;

namespace PtaKernels.Scaling;

/// <summary>The prose of the .NET SDK's reference documentation as two models' tokens: GPT-2's byte-level BPE gives, spA (32,000 tokens, SentencePiece) receives. Documents are cut out of it where both have a token's end.</summary>
internal sealed class RealTexts
{
    private readonly int[] _sourceIds, _targetIds;
    private readonly (int Start, int End)[] _sourceSpans, _targetSpans;
    private readonly FollowerLists _sourceLists, _targetLists;

    /// <summary>Places between two words at which both models' tokens end: tokens of each before it.</summary>
    private readonly (int Source, int Target)[] _places;

    /// <summary>Reads and encodes the texts.</summary>
    /// <param name="folder">For unpacked tokenizers.</param>
    /// <param name="mostTokens">About so many target tokens are enough.</param>
    /// <exception cref="AlignmentDataException">The SDK's documentation or this repository's tokenizers are missing.</exception>
    public RealTexts(string folder, long mostTokens)
    {
        string root = RepositoryFolder.Find() ?? throw new AlignmentDataException("scaling reads this repository's tokenizers; run it inside the repository.");
        Folder = new VocabularyFolder(Path.Combine(root, "samples", "vocab"));
        Pair = Folder.FindPair("gpt2", "spA") ?? throw new AlignmentDataException($"{Folder.Folder} does not have gpt2 and spA; restore them from the repository.");
        byte[] text = Read(mostTokens);
        EncodedText source = TextEncoder.Load(Ranks(Pair.Source, folder)).Encode(text), target = TextEncoder.Load(Model(root, folder)).Encode(text);
        (_sourceIds, _sourceSpans, _targetIds, _targetSpans) = (source.Ids, source.Spans, target.Ids, target.Spans);
        (_sourceLists, _targetLists) = (new FollowerLists(source.Ids, Pair.Source.Count), new FollowerLists(target.Ids, Pair.Target.Count));
        _places = [.. Places(text)];
    }

    /// <summary>The repository's vocabularies.</summary>
    public VocabularyFolder Folder { get; }

    /// <summary>Both vocabularies.</summary>
    public VocabularyPair Pair { get; }

    /// <summary>Target tokens of all text.</summary>
    public int TargetTokens => _targetIds.Length;

    /// <summary>Documents that follow one another, each of at least so many target tokens and few more; from the beginning again where the text ends.</summary>
    /// <param name="length">Target tokens.</param>
    /// <param name="count">How many.</param>
    /// <param name="k">Candidates of each position.</param>
    public IEnumerable<DocumentPair> Documents(int length, int count, int k = TransportCases.N)
    {
        int begin = 0;
        for (int d = 0; d < count; d++)
        {
            int end = EndOf(begin, length);
            if (end < 0)
            {
                begin = 0;
                end = EndOf(begin, length);
                if (end < 0)
                    throw new AlignmentDataException($"the SDK's documentation has {TargetTokens} tokens, fewer than a document of {length}; choose shorter documents.");
            }

            yield return Cut($"{d}", _places[begin], _places[end], k);
            begin = end;
        }
    }

    /// <summary>Next-token candidates of both models at places where both are about to say the next word.</summary>
    /// <returns>[count, k] source ids and logits, and the target's.</returns>
    public (int[] SourceIds, double[] SourceValues, int[] TargetIds, double[] TargetValues) Candidates(int count, int k)
    {
        int stride = Math.Max(1, (_places.Length - 1) / count);
        (int Source, int Target)[] places = [.. Enumerable.Range(0, count).Select(p => _places[1 + (p * stride % (_places.Length - 1))])];
        TopKLogits source = _sourceLists.Of([.. places.Select(p => _sourceIds[p.Source - 1])], k), target = _targetLists.Of([.. places.Select(p => _targetIds[p.Target - 1])], k);
        return (source.Indices, source.Values, target.Indices, target.Values);
    }

    private int EndOf(int begin, int length)
    {
        int wanted = _places[begin].Target + length, at = Array.BinarySearch(_places, (0, wanted), Comparer<(int Source, int Target)>.Create(static (a, b) => a.Target.CompareTo(b.Target)));
        at = at < 0 ? ~at : at;
        return at < _places.Length ? at : -1;
    }

    private DocumentPair Cut(string id, (int Source, int Target) from, (int Source, int Target) to, int k) => new(
        View(id, _sourceIds[from.Source..to.Source], _sourceSpans[from.Source..to.Source], _sourceLists, k), View(id, _targetIds[from.Target..to.Target], _targetSpans[from.Target..to.Target], _targetLists, k));

    private static TokenizedDocument View(string id, int[] ids, (int Start, int End)[] spans, FollowerLists lists, int k)
    {
        int start = spans[0].Start;
        return new TokenizedDocument { Id = id, Ids = ids, Candidates = lists.Of(ids, k), Spans = [.. spans.Select(s => (s.Start - start, s.End - start))] };
    }

    private IEnumerable<(int Source, int Target)> Places(byte[] text)
    {
        yield return (0, 0);
        int s = 0;
        for (int t = 0; t < _targetSpans.Length; t++)
        {
            int end = _targetSpans[t].End;
            while (s < _sourceSpans.Length && _sourceSpans[s].End < end)
                s++;
            if (s < _sourceSpans.Length && _sourceSpans[s].End == end && (end == text.Length || text[end] == (byte)' '))
                yield return (s + 1, t + 1);
        }
    }

    private static byte[] Read(long mostTokens)
    {
        const int BytesOfToken = 5;
        var text = new StringBuilder();
        foreach (DocumentedType type in ReferenceTexts.Read(ReferenceTexts.FindPacks()))
        {
            text.AppendJoin(' ', type.Entries).Append(' ');
            if (text.Length > BytesOfToken * mostTokens)
                break;
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string Ranks(TokenVocabulary gpt2, string folder)
    {
        string path = Path.Combine(folder, "r50k.tiktoken");
        File.WriteAllLines(path, Enumerable.Range(0, gpt2.Count).Where(id => !gpt2.IsSpecial(id)).Select(id => $"{Convert.ToBase64String(gpt2.Bytes[id])} {id}"));
        return path;
    }

    private static string Model(string root, string folder)
    {
        string path = Path.Combine(folder, "spA.model");
        using var packed = new GZipStream(File.OpenRead(Path.Combine(root, "tests", "golden", "tokenizers", "spA.model.gz")), CompressionMode.Decompress);
        using FileStream model = File.Create(path);
        packed.CopyTo(model);
        return path;
    }
}
