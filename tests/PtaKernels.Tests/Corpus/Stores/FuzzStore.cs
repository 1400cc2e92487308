using System.Security.Cryptography;
using System.Text;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Stores;
using PtaKernels.Reference;
using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Corpus.Stores;

/// <summary>Small stores to be damaged, and manifests that agree with the damage.</summary>
internal static class FuzzStore
{
    private const string Manifest = "s/manifest.jsonl";

    /// <summary>Makes a teacher's store and gives the bytes of one of its files.</summary>
    public static byte[] Teacher(Func<string, string> at, bool zstd, string file)
    {
        var random = new Random(4);
        StoreDocuments.Write(at("s"), StoreDocuments.VocabularyOf(70_000), Enumerable.Range(0, 6).Select(d => StoreDocuments.Draw(random, $"d{d}", 70_000, 3, longest: 9)), 3, new StoreOptions { Zstd = zstd });
        return File.ReadAllBytes(at(file));
    }

    /// <summary>Makes a store of aligned documents and gives the bytes of its shard.</summary>
    public static byte[] Aligned(Func<string, string> at)
    {
        using var files = new RunFiles(seed: 3, documents: 6);
        StoreDocuments.Write(at("t"), SmallModel.Target.Vocabulary, files.Target.Select(static d => d.ToDocument()), SmallModel.K);
        StoreDocuments.Write(at("g"), SmallModel.Sources[0].Vocabulary, files.Sources.Select(static d => d[0].ToDocument()), SmallModel.K);
        new AlignmentRun
        {
            TargetDocuments = new StoreReader(at("t")), Target = SmallModel.Target.Vocabulary, SourceDocuments = [new StoreReader(at("g"))], Sources = files.Models, OutputPath = at("s"),
        }.Run(new ReferenceBackend(), AlignmentPreset.Fusion with { Mass = MassRule.Renormalised }, CancellationToken.None);
        return File.ReadAllBytes(at("s/shard-000000.arrow"));
    }

    /// <summary>Lets the manifest list the shard's damaged bytes.</summary>
    public static byte[] Listed(Func<string, string> at, byte[] shard)
    {
        StoreManifest manifest = StoreManifest.Scan(at("s"));
        StoreShard[] shards = [.. manifest.Shards.Select(s => s with { Bytes = shard.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(shard)) })];
        File.WriteAllBytes(at(Manifest), [.. StoreManifest.LineOf(manifest.Header!), .. shards.SelectMany(static s => StoreManifest.LineOf(s)), .. StoreManifest.LineOf(StoreManifest.TotalsOf(shards))]);
        return shard;
    }

    /// <summary>Gives every line of a damaged manifest the check that belongs to it.</summary>
    public static byte[] Checked(byte[] manifest)
    {
        const string Field = ",\"check\":\"";
        List<byte> all = [];
        foreach (string line in Encoding.Latin1.GetString(manifest).Split('\n'))
        {
            int end = line.LastIndexOf(Field, StringComparison.Ordinal);
            if (end < 0)
                continue;
            byte[] body = Encoding.Latin1.GetBytes(line[..end]);
            all.AddRange(body);
            all.AddRange(Encoding.ASCII.GetBytes($"{Field}{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 8))}\"}}\n"));
        }

        return [.. all];
    }

    /// <summary>Reads aligned documents.</summary>
    public static int ReadAligned(string path)
    {
        int documents = 0;
        foreach (StoreRow row in new StoreReader(path).Rows("", 0))
        {
            _ = row.Guard(() => AlignedRows.Document(row.Rows, row.BatchRow, "x"));
            documents++;
        }

        return documents;
    }
}
