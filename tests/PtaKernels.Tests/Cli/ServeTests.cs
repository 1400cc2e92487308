using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using PtaKernels.Tests.Alignment;
using PtaKernels.Tests.Conformance;
using PtaKernels.Tests.Corpus;
using PtaKernels.Tests.Corpus.Serving;

namespace PtaKernels.Tests.Cli;

/// <summary><c>pta serve</c> as a child process: answers on standard output and nothing else, sentences on standard error, and quiet ends.</summary>
[TestFixture]
public sealed class ServeTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    [TestCase("fusion", "reference"), TestCase("paper", "native"), TestCase("reference", "native"), Category("Long")]
    public void AnswersAreTheBackendsOwnRows(string preset, string backend)
    {
        using var files = new ServeFiles();
        (int exit, byte[] output, string errors) = Run(files.Arguments("--preset", preset, "--window", "4", "--backend", backend), Requests.Stream(files.Documents[..2], files.Documents[2..]));
        Assert.That((exit, errors), Is.EqualTo((0, "")));
        AlignmentOptions options = AlignmentPreset.Named(preset) with { Window = 4 };
        var direct = new AlignedDocument[files.Documents.Length];
        BackendCases.Open(backend == "native" ? BackendCases.Names.ElementAt(1) : backend).AlignBatch(files.Documents, SmallModel.Sources[0].To(SmallModel.Target), options, direct, new AlignmentReport());
        Assert.That(Requests.Answers(output).Batches.SelectMany(static b => Enumerable.Range(0, b.Length).Select(row => Requests.Print(b, row))), Is.EqualTo(direct.Select(Requests.Print)));
    }

    [Test]
    public void AStreamThatIsCutOffEndsInOneSentence()
    {
        using var files = new ServeFiles();
        byte[] requests = Requests.Stream(files.Documents[..1], files.Documents[1..]);
        (int exit, byte[] output, string errors) = Run(files.Arguments("--backend", "reference"), requests[..^20]);
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(errors, Is.EqualTo("pta: standard input: ended inside message 3; what wrote it has stopped too soon." + Environment.NewLine));
        Assert.That(output, Is.Not.Empty, "what was asked before is answered");
    }

    [Test]
    public void WhatCannotBeStartedSaysWhyAndWritesNothing()
    {
        using var files = new ServeFiles();
        using (Assert.EnterMultipleScope())
        {
            Refuses("pta: with-target chooses between sources", files.Arguments("--with-target", "on"));
            Refuses("pta: --workers is -1;", files.Arguments("--workers", "-1"));
            Refuses("pta: --target-tokenizer belongs to an Arrow file", ["serve", "--source-vocab", files.Folder["s.arrow"], "--target-vocab", files.Folder["t.json"], "--target-tokenizer", files.Folder["t.json"]]);
            Refuses($"pta: {files.Folder["t.json"]}: holds tokens, not how text is cut into them", files.Arguments("--target-tokenizer", files.Folder["t.json"]));
        }

        static void Refuses(string sentence, string[] arguments)
        {
            PtaRun run = Pta.Run(arguments);
            Assert.That((run.Exit, run.Output), Is.EqualTo((1, "")));
            Assert.That(run.Errors, Does.StartWith(sentence).And.EndsWith(Environment.NewLine));
        }
    }

    [Test, Category("Long")]
    public void NobodyWhoReadsTheAnswersIsAQuietEnd()
    {
        using var files = new ServeFiles();
        using Process process = Start(files.Arguments("--backend", "reference"));
        Task<string> errors = process.StandardError.ReadToEndAsync();
        byte[] requests = Requests.Stream([.. Enumerable.Repeat(files.Documents, 40)]);
        process.StandardInput.BaseStream.Write(requests, 0, Requests.Stream().Length - 8);
        process.StandardInput.BaseStream.Flush();
        Assert.That(process.StandardOutput.BaseStream.ReadByte(), Is.EqualTo(0xFF), "it has begun");
        process.StandardOutput.Close();
        try
        {
            process.StandardInput.BaseStream.Write(requests.AsSpan(Requests.Stream().Length - 8));
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It may have ended before everything was written.
        }

        Assert.That(process.WaitForExit(Long));
        Assert.That((process.ExitCode, errors.Result), Is.EqualTo((1, "")));
    }

    [Test, Category("Long")]
    public void CtrlCIsAQuietEnd()
    {
        using var files = new ServeFiles();
        using Process process = Start(files.Arguments("--backend", "reference"));
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.BaseStream.Write(Requests.Stream().AsSpan()[..^8]);
        process.StandardInput.BaseStream.Flush();
        Assert.That(process.StandardOutput.BaseStream.ReadByte(), Is.EqualTo(0xFF), "it waits for requests");
        using (Process kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]))
            kill.WaitForExit();
        Assert.That(process.WaitForExit(Long));
        Assert.That((process.ExitCode, errors.Result), Is.EqualTo((130, "")));
    }

    private static (int Exit, byte[] Output, string Errors) Run(string[] arguments, byte[] input)
    {
        using Process process = Start(arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        var output = new MemoryStream();
        Task reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        Assert.That(process.WaitForExit(Long), "the program must end");
        reading.Wait();
        return (process.ExitCode, output.ToArray(), errors.Result);
    }

    private static Process Start(string[] arguments)
    {
        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        return Process.Start(new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, "pta.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    /// <summary>Two small vocabularies as Arrow files, and documents of them.</summary>
    private sealed class ServeFiles : IDisposable
    {
        private readonly RunFiles _files = new(seed: 5, documents: 4);

        public ServeFiles()
        {
            VocabularyTableTests.Write(Folder["s.arrow"], SmallModel.Sources[0].Vocabulary);
            VocabularyTableTests.Write(Folder["t.arrow"], SmallModel.Target.Vocabulary);
            Folder.Write("t.json", [SmallModel.Target.VocabularyJson]);
        }

        public TemporaryFolder Folder => _files.Folder;

        public DocumentPair[] Documents => [.. _files.Target.Zip(_files.Sources, static (target, sources) => new DocumentPair(sources[0].ToDocument(), target.ToDocument()))];

        public string[] Arguments(params string[] more) => ["serve", "--source-vocab", Folder["s.arrow"], "--target-vocab", Folder["t.arrow"], .. more];

        public void Dispose() => _files.Dispose();
    }
}
