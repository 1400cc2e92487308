using System.Text.Json;
using System.Text.Json.Nodes;
using PtaKernels.Cli;
using PtaKernels.Corpus;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Cli;

/// <summary>The verbs one after another on real documents: align, pack, train, eval.</summary>
public sealed class TextToModelTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-mission-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [TestCase("fusion", "--mass", "renormalised")]
    [TestCase("paper")]
    [TestCase("reference")]
    public void AlignedDocumentsTrainAModelThatIsBetterThanBefore(string preset, params string[] switches)
    {
        string samples = PathOf("samples"), aligned = In("aligned.jsonl"), packed = In("packed"), run = In("run"), student = In("student");
        Student(student);
        foreach (string file in new[] { "tokenizer.model", "tokenizer_config.json", "vocab.txt", "qwen.tiktoken", "generation_config.json", "chat_template.jinja", "modeling_own.py", "LICENSE" })
            File.WriteAllText(Path.Combine(student, file), file);
        string[] layout = [.. Directory.GetFileSystemEntries(student).Select(static f => Path.GetFileName(f)).Order()];
        File.WriteAllText(Path.Combine(student, "README.md"), "the model before");
        File.WriteAllText(Path.Combine(student, "pytorch_model.bin"), "the weights before");
        string vocabulary = Path.Combine(samples, "vocab", "spA.json.gz");
        Run(["align", "--preset", preset, .. switches, "--backend", "native", "--limit", "40", "--on-error", "quarantine", .. Documents(preset), "--target-vocab", vocabulary, "--out", aligned]);
        Run(["pack", "--preset", preset, "--in", aligned, "--out", packed, "--length", "128"]);
        string[] train = ["train", "--model", student, "--data", packed, "--out", run, "--compute", "float32", "--lr", "0.01", "--accumulate", "4", "--epochs", "2"];
        string trained = Run(train);
        Assert.That(trained, Does.Contain(Path.Combine(run, "model")));
        Assert.That(Run(train), Does.Contain("had been done"));
        StepRecord[] steps = [.. TrainingLog.Read(Path.Combine(run, "log.jsonl"))];
        Assert.That(steps[^1].NextToken, Is.LessThan(steps[0].NextToken));
        Assert.That(steps, Has.All.Matches<StepRecord>(static s => s is { Fusion: not null }));
        Assert.That(Directory.GetFiles(Path.Combine(run, "tensorboard")), Is.Not.Empty);

        string model = Path.Combine(run, "model");
        Assert.That(Directory.GetFileSystemEntries(model).Select(static f => Path.GetFileName(f)).Order(), Is.EqualTo(layout));
        Assert.That(TensorsOf(model), Is.EqualTo(TensorsOf(student)));
        foreach (string file in layout.Where(static f => !f.EndsWith(".safetensors", StringComparison.Ordinal)))
            Assert.That(File.ReadAllBytes(Path.Combine(model, file)), Is.EqualTo(File.ReadAllBytes(Path.Combine(student, file))), file);

        string json = Run([
            "eval", "--model", model, "--against", student, "--documents", Path.Combine(samples, "spA.jsonl.gz"), "--vocab", vocabulary, "--domain", "kind", "--json",
        ]);
        using JsonDocument figures = JsonDocument.Parse(json);
        JsonElement domains = figures.RootElement.GetProperty("domains"), all = domains.EnumerateArray().Single(static l => l.GetProperty("domain").ValueEquals("all"));
        Assert.That(all.GetProperty("bits_per_byte").GetDouble(), Is.LessThan(all.GetProperty("against").GetDouble()));
        Assert.That(all.GetProperty("difference").GetProperty("high").GetDouble(), Is.Negative);
        Assert.That(all.GetProperty("difference").GetProperty("p_value").GetDouble(), Is.LessThan(0.01));
        Assert.That(domains.GetArrayLength(), Is.GreaterThan(2), "a line per domain");
        Assert.That(figures.RootElement.GetProperty("documents").GetProperty("won").GetArrayLength(), Is.EqualTo(5));
    }

    [Test]
    public void TextsAndTasksAreScoredAgainstAnotherModel()
    {
        string tokenizer = PathOf("samples/demo/target/tokenizer.model"), documents = In("texts.jsonl"), tasks = In("tasks");
        foreach (string name in new[] { "first", "second" })
            Student(In(name), 2048, (ulong)name.Length);
        File.Copy(tokenizer, Path.Combine(In("first"), "tokenizer.model"));
        File.Copy(tokenizer, Path.Combine(In("second"), "tokenizer.model"));
        File.WriteAllLines(documents, Enumerable.Range(0, 6).Select(static i => $$"""{"id": "d{{i}}", "domain": "{{(i % 2 == 0 ? "core" : "web")}}", "text": "Returns the größte element number {{i}} of the list."}"""));
        Directory.CreateDirectory(tasks);
        File.WriteAllLines(Path.Combine(tasks, "choice.jsonl"), Enumerable.Range(0, 8).Select(static i => $$"""{"id": {{i}}, "context": "The answer number {{i}} is ", "choices": ["yes", "no", "perhaps not"], "answer": {{i % 3}}}"""));
        File.WriteAllLines(Path.Combine(tasks, "cloze.jsonl"), Enumerable.Range(0, 3).Select(static i => $$"""{"task": "words", "context": "", "target": "value {{i}}"}"""));

        string[] eval = ["eval", "--model", In("first"), "--against", In("second"), "--documents", documents, "--domain", "domain", "--tasks", tasks, "--worst", "2"];
        using JsonDocument json = JsonDocument.Parse(Run([.. eval, "--json"]));
        JsonElement[] domains = [.. json.RootElement.GetProperty("domains").EnumerateArray()], scored = [.. json.RootElement.GetProperty("tasks").EnumerateArray()];
        Assert.That(domains.Select(static d => d.GetProperty("domain").GetString()), Is.EqualTo(new[] { "core", "web", "all" }));
        int bytes = System.Text.Encoding.UTF8.GetByteCount("Returns the größte element number 0 of the list.");
        Assert.That(domains[2].GetProperty("bytes").GetInt32(), Is.EqualTo(6 * bytes), "the begin of sequence predicts the first token");
        Assert.That(scored.Select(static t => (t.GetProperty("task").GetString(), t.GetProperty("items").GetInt32())), Is.EqualTo(new[] { ("choice", 8), ("words", 3) }));
        Assert.That(json.RootElement.GetProperty("compared").GetArrayLength(), Is.EqualTo(2));
        Assert.That(json.RootElement.GetProperty("documents").GetProperty("lost").GetArrayLength() + json.RootElement.GetProperty("documents").GetProperty("won").GetArrayLength(), Is.InRange(2, 4));

        string text = Run(eval);
        Assert.That(text, Does.Contain("mean of tasks").And.Contain("bits per byte").And.Contain("McNemar"));
        Assert.That(Run(["eval", "--model", In("first"), "--tasks", Path.Combine(tasks, "choice.jsonl"), "--tokenizer", tokenizer, "--length", "32"]), Does.Contain("choice").And.Not.Contain("against"));

        File.WriteAllText(In("bad.jsonl"), """{"context": "a", "choices": ["b"], "answer": 0}""");
        using (Assert.EnterMultipleScope())
        {
            Fails("nothing to score", "eval", "--model", In("first"));
            Fails("bad.jsonl, line 1", "eval", "--model", In("first"), "--tasks", In("bad.jsonl"));
            Fails("--start-token is about tokenized", "eval", "--model", In("first"), "--documents", documents, "--start-token", "1");
            Fails("--end is about texts", "eval", "--model", In("first"), "--documents", documents, "--vocab", tokenizer, "--end", "off");
            Fails("there is no such folder", "eval", "--model", In("nothing"), "--documents", documents);
            Fails("no field topic", "eval", "--model", In("first"), "--documents", documents, "--domain", "topic");
        }
    }

    [Test]
    public void NewModelIsTheSameForTheSameSeed()
    {
        Directory.CreateDirectory(In("config"));
        File.WriteAllText(In("config/config.json"), """
            {"model_type": "llama", "vocab_size": 50, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12, "max_position_embeddings": 64,
             "rms_norm_eps": 1e-5, "hidden_act": "silu", "tie_word_embeddings": true, "bos_token_id": 7}
            """);
        File.WriteAllText(In("config/tokenizer.model"), "pieces");
        byte[] New(string name, string seed)
        {
            Assert.That(Run(["new-model", "--config", In("config"), "--out", In(name), "--seed", seed, "--type", "float32"]), Does.Contain("Llama, 0.0 M parameters"));
            return File.ReadAllBytes(Path.Combine(In(name), "model.safetensors"));
        }

        byte[] first = New("a", "1");
        Assert.That(New("b", "1"), Is.EqualTo(first));
        Assert.That(New("c", "2"), Is.Not.EqualTo(first));
        Assert.That(File.ReadAllText(In("a/tokenizer.model")), Is.EqualTo("pieces"));
        Assert.That(File.ReadAllText(In("a/config.json")), Does.Contain("\"bos_token_id\": 7").And.Contain("float32"));
        Fails("exists already", "new-model", "--config", In("config"), "--out", In("a"));
        Fails("no such folder", "new-model", "--config", In("nothing"), "--out", In("d"));
    }

    [Test]
    public void BadInputIsOneSentence()
    {
        string student = In("student"), documents = In("documents.jsonl"), vocabulary = PathOf("samples/vocab/spA.json.gz");
        Student(student);
        File.WriteAllText(documents, "{\"id\": \"a\", \"input_ids\": [5, 99999]}\n");
        using (Assert.EnterMultipleScope())
        {
            Fails("no such folder", "train", "--model", student, "--data", In("nothing"), "--out", In("run"));
            Fails("between 0 and 1", "train", "--model", student, "--data", In("nothing"), "--out", In("run"), "--loss-weight", "2");
            Fails("soft", "train", "--model", student, "--data", In("nothing"), "--out", In("run"), "--weight-schedule", "soft");
            Fails("--device tpu", "train", "--model", student, "--data", In("nothing"), "--out", In("run"), "--device", "tpu");
            Fails("line 1: input_ids 1 is 99999", "eval", "--model", student, "--documents", documents, "--vocab", vocabulary);
            Fails("no such file", "eval", "--model", student, "--documents", In("none.jsonl"), "--vocab", vocabulary);
            File.WriteAllText(documents, "{\"id\": \"a\", \"input_ids\": [5, 7]}\n");
            Fails("--length 1", "eval", "--model", student, "--documents", documents, "--vocab", vocabulary, "--length", "1");
            Fails("--start-token 99999", "eval", "--model", student, "--documents", documents, "--vocab", vocabulary, "--start-token", "99999");
            Fails("--temperature 0", "train", "--model", student, "--data", In("nothing"), "--out", In("run"), "--temperature", "0");
            Fails("there is no such folder", "eval", "--model", In("nothing"), "--documents", documents, "--vocab", vocabulary);
            Fails("50257", "eval", "--model", student, "--documents", documents, "--vocab", PathOf("samples/vocab/gpt2.json.gz"));
        }

        Assert.That(Directory.Exists(In("run")), Is.False);
    }

    [Test]
    public void AligningNeverLoadsLibtorch()
    {
        string[] align = ["align", "--backend", "native", "--on-error", "quarantine", .. Documents("paper"), "--target-vocab", PathOf("samples/vocab/spA.json.gz"), "--preset", "paper", "--limit", "5", "--out", In("aligned.jsonl")];
        (int exit, string errors) = PtaProcess.Run(align, (TorchFolder.Variable, "/nowhere"));
        Assert.That(exit, Is.Zero, errors);
        (exit, errors) = PtaProcess.Run(["train", "--model", In("a"), "--data", In("b"), "--out", In("c")], (TorchFolder.Variable, "/nowhere"));
        Assert.That((exit, errors), Is.EqualTo((Program.Failed, $"pta: {TorchFolder.Variable} names /nowhere, where libtorch_cpu.so is missing; name the folder that holds it, as torch/lib of a PyTorch wheel.\n")));
    }

    private string[] Documents(string preset)
    {
        string[] Source(string name) => ["--source", WithMetric(name), "--source-vocab", PathOf($"samples/vocab/{name}.json.gz")];
        return ["--target", WithMetric("spA"), .. Source("gpt2"), .. preset == "reference" ? Source("spB") : []];
    }

    /// <summary>Samples come without the mean cross-entropy that the official packing asks for.</summary>
    private string WithMetric(string name)
    {
        string file = In(name + ".jsonl");
        File.WriteAllLines(file, JsonLines.ReadLines(PathOf($"samples/{name}.jsonl.gz")).Select(line =>
        {
            JsonNode document = JsonNode.Parse(line.Text)!;
            document["metric_ce"] = 1 + (line.Number % 7 * 0.25) + name.Length;
            return document.ToJsonString();
        }));
        return file;
    }

    /// <summary>Name, type and shape of every tensor, file by file.</summary>
    private static string[] TensorsOf(string folder) =>
    [
        .. Directory.GetFiles(folder, "*.safetensors").Order().SelectMany(static file =>
        {
            byte[] bytes = File.ReadAllBytes(file);
            using JsonDocument header = JsonDocument.Parse(bytes.AsMemory(8, (int)BitConverter.ToInt64(bytes)));
            return header.RootElement.EnumerateObject().Select(p => $"{Path.GetFileName(file)} {p.Name} {p.Value.GetRawText()}").ToArray();
        }),
    ];

    private static void Student(string folder, int vocabulary = 32_000, ulong seed = 3)
    {
        TorchRuntime.Load();
        ModelFiles.CreateRandom(folder, new ModelConfig
        {
            Family = ModelFamily.Llama, Vocabulary = vocabulary, Width = 16, Layers = 1, Heads = 2, KeyValueHeads = 1, HeadWidth = 8, RotaryWidth = 8, FeedForward = 24, MaxLength = 2048, NormEpsilon = 1e-5,
        }, seed, ScalarType.Float32);
    }

    private static string Run(string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        Assert.That(Program.Run(arguments, output, errors), Is.Zero, errors.ToString());
        return output.ToString();
    }

    private static void Fails(string part, params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        Assert.That(Program.Run(arguments, output, errors), Is.EqualTo(Program.Failed), $"{string.Join(' ', arguments)}: {errors}");
        string[] lines = errors.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines[^1], Does.StartWith("pta: ").And.Contain(part), errors.ToString());
    }

    private string In(string name) => Path.Combine(_folder.FullName, name);

    private static string PathOf(string name) => Repository.PathOf(name);
}
