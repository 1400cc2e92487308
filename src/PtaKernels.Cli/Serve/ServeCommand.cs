using System.CommandLine;
using Microsoft.Win32.SafeHandles;
using PtaKernels.Cli.Stores;
using PtaKernels.Corpus.Serving;
using PtaKernels.Native;
using PtaKernels.Text;

namespace PtaKernels.Cli.Serve;

/// <summary><c>pta serve</c>: alignments for another program, which this one is a child process of (<see cref="ServingProtocol"/>).</summary>
internal static class ServeCommand
{
    /// <summary>EPIPE, as an exception of the runtime holds it.</summary>
    private const int BrokenPipe = 32;

    public static Command Create()
    {
        var common = new CommonOptions();
        var source = new Option<string>("--source-vocab") { Description = $"the source's vocabulary: {VocabularyFile.Formats}, or an Arrow file", HelpName = "file", Required = true };
        var target = new Option<string>("--target-vocab") { Description = "the target's vocabulary, in any of these forms", HelpName = "file", Required = true };
        var tokenizer = new Option<string?>("--target-tokenizer") 
        {
            Description = "the tokenizer that an Arrow file of the target was made of, where projection byte asks how text is cut into tokens", HelpName = "file",
        };
        var map = new Option<string?>("--map") { Description = "official vocabulary map (pta map); default: the Arrow file's, else searched on demand", HelpName = "file" };
        var workers = new Option<int>("--workers") { Description = "documents aligned at a time on a CPU; default: one for each core", HelpName = "N" };
        var signal = ValueOption.OneOf("--signal", "whether the teacher signal kept is measured", "on", "off");
        var iterations = new Option<int?>("--max-iterations") { Description = "limit of the official loop, which has none of its own", HelpName = "N" };
        var verb = new Verb(
            "serve", "Answer another program's requests: documents of a source and a target in on standard input, fused rows out on standard output, both Arrow IPC streams.",
            "pta serve --preset fusion --source-vocab samples/vocab/gpt2.json.gz --target-vocab samples/vocab/spA.json.gz < requests.arrow > answers.arrow",
            "pta serve --preset reference --backend ilgpu-cuda --source-vocab source.arrow --target-vocab target.arrow")
        {
            source, target, tokenizer, map, signal, iterations, workers, common.Backend,
        };
        common.AddSwitches(verb);
        var embeddings = new EmbeddingsOption();
        embeddings.AddTo(verb);
        verb.TimeToStop = TimeSpan.Zero; // nothing is kept that could be lost, and a read cannot be called off
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            AlignmentOptions options = common.OptionsOf(parse) with { MeasureSignal = parse.GetValue(signal) == "on" };
            var names = new VocabularyNames(parse.GetValue(source)!, parse.GetValue(target)!, parse.GetValue(tokenizer), parse.GetValue(map))
            {
                Embeddings = embeddings.Of(parse, options.Cost, sources: 1),
            };
            options.MaxIterations = parse.GetValue(iterations) ?? options.MaxIterations;
            if (options.MaxIterations < 0)
                throw new ArgumentException($"--max-iterations is {options.MaxIterations}; it must be 0 or more.");
            if (parse.GetValue(workers) < 0)
                throw new ArgumentException($"--workers is {parse.GetValue(workers)}; it must be a number of documents, or 0 for one on each core.");
            if (!Console.IsInputRedirected)
                throw new ArgumentException("standard input is a terminal; pta serve reads an Arrow IPC stream of requests from it, which another program writes.");
            VocabularyPair vocabularies = names.Read(options, terminal.Notice);
            IKernelBackend backend = common.OpenBackend(parse);
            bool native = backend is NativeBackend && parse.GetValue(workers) != 1;
            if (native)
                backend = new NativeBackend { Threads = parse.GetValue(workers) };
            var server = new AlignmentServer(backend, vocabularies, options)
            {
                Workers = parse.GetValue(workers) is > 0 and int given ? given : -1,
                Together = native,
                Program = StoreOptionSet.ProgramName,
                Notice = terminal.Notice,
            };
            try
            {
                // The console's own stream would take a broken pipe for success.
                using FileStream input = Open(0, FileAccess.Read), output = Open(1, FileAccess.Write);
                server.Run(input, output);
                return 0;
            }
            catch (IOException e) when (e.HResult == BrokenPipe)
            {
                return Program.Failed; // whoever asked is gone
            }
        }, cancellation));
        return verb;
    }

    private static FileStream Open(nint descriptor, FileAccess access) => new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);
}
