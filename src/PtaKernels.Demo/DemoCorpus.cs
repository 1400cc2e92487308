using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using PtaKernels.Corpus;

namespace PtaKernels.Demo;

/// <summary>The demonstration's texts: parts of whole types, so that nothing of a held-out type is ever trained on.</summary>
internal static class DemoCorpus
{
    /// <summary>Longest document in bytes; types are cut at spaces.</summary>
    public const int DocumentBytes = 384;

    /// <summary>What the models are compared on, what the target is pre-trained on, what the teachers annotate, what the teachers are trained on.</summary>
    public const string HeldOut = "heldout", PreTraining = "pretraining", Transfer = "transfer", Sources = "sources";

    /// <summary>Shares of each domain's text.</summary>
    private static readonly (string Part, double Share)[] Parts = [(HeldOut, 0.05), (PreTraining, 0.05), (Transfer, 0.2), (Sources, 0.7)];

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The documents of every part, in an order that is random but the same on every machine with the same SDK.</summary>
    /// <param name="types">The documented types.</param>
    public static ILookup<string, DemoDocument> Split(IEnumerable<DocumentedType> types)
    {
        ArgumentNullException.ThrowIfNull(types);
        return types.GroupBy(static t => t.Domain)
            .SelectMany(static domain => Parted([.. domain.OrderBy(static t => HashOf(t.Name))]))
            .SelectMany(static one => Chunks(one.Type.Entries).Select((text, i) => (one.Part, Document: new DemoDocument($"{one.Type.Name}#{i}", one.Type.Domain, text))))
            .OrderBy(static d => HashOf(d.Document.Id)).ThenBy(static d => d.Document.Id, StringComparer.Ordinal)
            .ToLookup(static d => d.Part, static d => d.Document);
    }

    /// <summary>Writes documents as JSON lines; the file appears when it is whole.</summary>
    public static void Write(string path, IEnumerable<DemoDocument> documents)
    {
        using var file = new AtomicFile(path, replace: true);
        using (var writer = new StreamWriter(file.Stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" })
        {
            foreach (DemoDocument document in documents)
                writer.WriteLine(JsonSerializer.Serialize(new { id = document.Id, domain = document.Domain, text = document.Text }, Json));
        }

        file.Commit();
    }

    /// <summary>Each type belongs to the part in whose share of the text its first letter lies.</summary>
    private static IEnumerable<(string Part, DocumentedType Type)> Parted(DocumentedType[] types)
    {
        double all = types.Sum(static t => (double)LengthOf(t)), before = 0;
        foreach (DocumentedType type in types)
        {
            double edge = 0;
            yield return (Parts.First(p => before / all < (edge += p.Share) || p == Parts[^1]).Part, type);
            before += LengthOf(type);
        }

        static long LengthOf(DocumentedType type) => type.Entries.Sum(static e => (long)e.Length);
    }

    /// <summary>Texts of at most <see cref="DocumentBytes"/>, cut at spaces; a longer word stays whole.</summary>
    private static IEnumerable<string> Chunks(string[] entries)
    {
        var chunk = new StringBuilder();
        int bytes = 0;
        foreach (string word in string.Join('\n', entries).Split(' '))
        {
            int more = Encoding.UTF8.GetByteCount(word);
            if (chunk.Length > 0 && bytes + 1 + more > DocumentBytes)
            {
                yield return chunk.ToString();
                chunk.Clear();
                bytes = 0;
            }

            if (chunk.Length > 0)
            {
                chunk.Append(' ');
                bytes++;
            }

            chunk.Append(word);
            bytes += more;
        }

        if (chunk.Length > 0)
            yield return chunk.ToString();
    }

    private static ulong HashOf(string text) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

/// <summary>A document of the demonstration.</summary>
/// <param name="Id">Type and number.</param>
/// <param name="Domain"><c>core</c> or <c>web</c>.</param>
/// <param name="Text">The text.</param>
internal sealed record DemoDocument(string Id, string Domain, string Text);
