using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Parquet;
using PtaKernels.Tests.Cli;
using PtaKernels.Tests.Corpus.Folders;

namespace PtaKernels.Tests.Corpus.Parquet;

/// <summary><c>pta align</c> over Parquet writes Parquet with the columns and bits that it writes into folders.</summary>
[Category("Long")]
public sealed class ParquetRunTests
{
    private static readonly string[] Vocabularies = ["--target-vocab", Pta.Samples("vocab/spA.json.gz"), "--source-vocab", Pta.Samples("vocab/gpt2.json.gz")];

    [TestCase("reference")]
    [TestCase("paper")]
    public void GivesWhatFoldersGive(string preset)
    {
        using var scratch = new ScratchFolder();
        var golden = new GoldenDocuments("gpt2-spA");
        var layout = new FolderLayout { PadTo = 512, RowsPerBatch = 3 };
        foreach ((string name, IReadOnlyList<ModelRow> rows) in new[] { ("target", golden.Targets), ("source", golden.Sources) })
        {
            OfficialFolder.WriteDataset(scratch[name], layout, "train", [.. rows.Take(7)]);
            MadeParquet.Write(scratch[$"{name}.parquet"], layout, [.. rows.Take(7)]);
        }

        Align(scratch, preset, "");
        Align(scratch, preset, ".parquet");
        string[] expected = Show(new DatasetFolder(scratch["out"]), "train"), actual = Show(new ParquetDocuments(scratch["out.parquet"]), "");
        Assert.That(expected, Has.Length.EqualTo(7));
        Assert.That(actual, Is.EqualTo(expected));
        Assert.That(Pta.Run(Arguments(scratch, preset, ".parquet")).Errors, Does.Contain("exists already"));
        foreach (string extension in new[] { "", ".parquet" })
        {
            PtaRun run = Pta.Run(["pack", "--in", scratch[$"out{extension}"], "--out", scratch[$"packed{extension}"], "--length", "64", "--preset", preset]);
            Assert.That(run.Exit, Is.Zero, run.Errors);
        }

        // Without own names a document goes by its split and row in a folder, by its row in Parquet.
        Assert.That(Packed(scratch["packed.parquet"]), Is.EqualTo(Packed(scratch["packed"]).Select(static r => r.Replace("train/", "row ", StringComparison.Ordinal))));
    }

    private static string[] Packed(string folder) => [.. StoredFolder.Read(folder).Rows.Select(static r => string.Join("; ", r))];

    private static string[] Arguments(ScratchFolder scratch, string preset, string extension) =>
        ["align", "--preset", preset, "--target", scratch[$"target{extension}"], "--source", scratch[$"source{extension}"], "--out", scratch[$"out{extension}"], .. Vocabularies];

    private static void Align(ScratchFolder scratch, string preset, string extension)
    {
        PtaRun run = Pta.Run(Arguments(scratch, preset, extension));
        Assert.That(run.Exit, Is.Zero, run.Errors);
    }

    private static string[] Show(IDocumentReader reader, string split) =>
        [.. reader.Read(split).Cast<IColumnRecord>().Select(static r => string.Join("; ", r.Shard.Schema.FieldsList.Select(f => $"{f.Name} {StoredFolder.Show(r.Columns[f.Name], r.BatchRow)}")))];
}
